import Ajv from 'ajv';
import * as fc from 'fast-check';
import type OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { run, startRig, type Rig } from '../emulator/helpers';

type Schema = Record<string, unknown>;
type Params = Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0, speed: 50 });
});
afterAll(() => rig.stop());

const string: Schema = { type: 'string' };
function object(properties: Schema, extra: Schema = {}): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false, ...extra };
}

async function ask(input: string, schema: Schema, strict = true): Promise<unknown> {
  const text: Params['text'] = { format: { type: 'json_schema', name: 'answer', schema, strict } };
  const response = await rig.client.responses.create({ model: 'gpt-4.1', input, text });
  return JSON.parse(response.output_text) as unknown;
}

function problemsOf(schema: Schema, value: unknown): unknown {
  const ajv = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: true });
  return ajv.validate(schema, value) ? null : { errors: ajv.errors, schema, value };
}

/** The same value without its names, so that two answers can be compared that differ in them alone. */
function valuesOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.values(value).map(valuesOf);
}

/** A schema with every property renamed; `name` gives the n-th of an object. */
function renamed(value: unknown, name: (index: number) => string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => renamed(item, name));
  const { properties, required: _required, ...rest } = value as Schema;
  const others = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, renamed(inner, name)]));
  if (properties === undefined) return others;
  const pairs = Object.values(properties as Schema).map((inner, index) => [name(index), renamed(inner, name)] as const);
  return { ...others, properties: Object.fromEntries(pairs), required: pairs.map(([key]) => key) };
}

const leaf = fc.oneof(
  fc.constantFrom<Schema>(
    string,
    { type: 'boolean' },
    { type: 'null' },
    { type: ['string', 'null'] },
    { type: ['integer', 'null'] },
    { type: 'string', const: 'fixed' },
    { type: 'string', enum: ['supported', 'refuted', 'not_found'] },
    { type: 'number', minimum: 0, maximum: 1 },
    { type: 'number', multipleOf: 0.1, minimum: 0.25, maximum: 3 },
    { type: 'integer', exclusiveMinimum: 3, maximum: 5 },
  ),
  fc.record({
    type: fc.constant('string'),
    description: fc.constantFrom('a title', 'a URL', 'an id', 'why', 'a question', 'a name', 'a summary'),
  }),
  fc.record({ type: fc.constant('string'), minLength: fc.nat(40), maxLength: fc.integer({ min: 40, max: 80 }) }),
  fc.record({
    type: fc.constant('string'),
    pattern: fc.constantFrom(
      '^[a-z]+$',
      '^\\d{4}$',
      '^(low|high)-[A-F0-9]{2,}$',
      '^\\p{Lu}[\\p{Ll} ]+$',
      '^(?:[a-z]{50}|x)$',
      'x|y',
      '^(a+)+$',
    ),
  }),
  fc.record({
    type: fc.constant('string'),
    format: fc.constantFrom('date', 'date-time', 'time', 'duration', 'email', 'hostname', 'uuid', 'ipv4', 'ipv6'),
  }),
);
const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
const { node } = fc.letrec<{ node: Schema }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.dictionary(name, tie('node'), { maxKeys: 4, noNullPrototype: true }).map((properties) => object(properties)),
    fc
      .tuple(tie('node'), fc.nat(3), fc.nat(3))
      .map(([items, low, more]) => ({ type: 'array', items, minItems: low, maxItems: low + more })),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => ({ anyOf: [a, b] })),
  ),
}));
const root = fc.dictionary(name, node, { maxKeys: 5, noNullPrototype: true }).map((properties) => object(properties));

const QUESTIONS = ['How does Raft differ from Paxos?', 'What is the capital of France?'];

test.each(QUESTIONS)('any schema of the strict subset gets a valid instance: %s', async (question) => {
  await fc.assert(
    fc.asyncProperty(root, async (schema) => {
      expect(problemsOf(schema, await ask(question, schema))).toBeNull();
    }),
    { numRuns: 30 },
  );
});

test.each(QUESTIONS)('renaming all properties changes nothing but the names: %s', async (question) => {
  await fc.assert(
    fc.asyncProperty(root, async (schema) => {
      const values = valuesOf(await ask(question, schema));
      expect(valuesOf(await ask(question, renamed(schema, (index) => `field_${index}`) as Schema))).toEqual(values);
    }),
    { numRuns: 15 },
  );
});

test('responses.parse gives what a zod schema describes, with content from the sources', async () => {
  const Comparison = z.object({
    title: z.string(),
    verdict: z.enum(['different', 'alike']),
    points: z.array(z.object({ topic: z.string(), statement: z.string(), confidence: z.number().min(0).max(1) })),
    note: z.string().nullable(),
  });
  const response = await rig.client.responses.parse({
    model: 'gpt-4.1',
    input: 'How does Raft differ from Paxos?',
    text: { format: zodTextFormat(Comparison, 'comparison') },
  });
  const parsed = response.output_parsed;
  expect(parsed?.title).toBe('Raft and Paxos');
  expect(parsed?.verdict).toBe('different');
  expect(parsed?.points.length).toBeGreaterThan(1);
  for (const { statement } of parsed?.points ?? []) expect(statement).toMatch(/^[A-Z].{20,}\.$/);
  expect(response.text?.format).toMatchObject({ type: 'json_schema', name: 'comparison', strict: true });
});

test('an incomplete response is not parsed', async () => {
  const { id } = await run(rig.client, {
    input: 'Explain Raft.',
    max_output_tokens: 16,
    text: { format: { type: 'json_schema', name: 'a', schema: object({ text: string }), strict: true } },
  });
  const response = await rig.client.responses.retrieve(id);
  expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  expect(() => JSON.parse(response.output_text) as unknown).toThrow(SyntaxError);
});

function nested(levels: number): Schema {
  return levels === 0 ? object({ leaf: string }) : object({ inner: nested(levels - 1) });
}

function many(count: number, value: Schema = string): Schema {
  return object(Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, value])));
}

function distinct(count: number, length = 4): string[] {
  return Array.from({ length: count }, (_, index) => String(index).padStart(length, 'v'));
}

describe('a strict schema outside of the subset is refused, and the message says where', () => {
  test.each<[string, Schema, string]>([
    ['a root that is no object', { type: 'array', items: string }, `got 'type: "array"'.`],
    ['a root without a type', { properties: {} }, `got 'type: "None"'.`],
    ['anyOf at the root', { anyOf: [object({})] }, `schema must be a JSON Schema of 'type: "object"'`],
    ['open objects', object({ a: { type: 'object', properties: {} } }), "In context=('properties', 'a'), 'additional"],
    ['an object without properties', object({ a: { type: 'object' } }), 'object schema missing properties.'],
    ['optional properties', { ...object({ a: string }), required: [] }, "In context=(), 'required' is required"],
    ['a property that is missing in required', object({ a: object({ b: string }, { required: [] }) }), "Missing 'b'."],
    ['a property without a type', object({ a: {} }), "In context=('properties', 'a'), schema must have a 'type' key."],
    ['a list without items', object({ a: { type: 'array' } }), 'array schema missing items.'],
    ['an unknown type', object({ a: { type: 'text' } }), "'text' is not valid"],
    ['an unknown format', object({ a: { type: 'string', format: 'uri' } }), "'uri' is not a valid format."],
    ['an unknown reference', object({ a: { $ref: '#/$defs/none' } }), "reference '#/$defs/none' points to nothing"],
    ['a reference to itself', object({ a: { $ref: '#/properties/a' } }), 'leads back to itself'],
    ['a badly written reference', object({ a: { $ref: '#/%zz' } }), 'points to nothing'],
    ['a broken pattern', object({ a: { type: 'string', pattern: '(' } }), "'(' is not a 'regex'."],
    ...['allOf', 'not', 'if', 'then', 'else', 'dependentRequired', 'dependentSchemas', 'oneOf'].map(
      (keyword): [string, Schema, string] => [
        keyword,
        object({
          list: { type: 'array', items: { ...object({}), [keyword]: keyword.endsWith('Of') ? [string] : {} } },
        }),
        `In context=('properties', 'list', 'items'), '${keyword}' is not permitted.`,
      ],
    ),
    ['11 levels of nesting', nested(11), '11 levels of nesting exceeds limit of 10.'],
    ['5001 properties', many(5001), '5001 parameters exceeds limit of 5000.'],
    [
      '1001 enum values',
      many(1001, { type: 'string', enum: ['a'] }),
      'Expected at most 1000 enum values in total within a single schema when using structured outputs, but received 1001.',
    ],
    [
      'more than 120,000 characters of names',
      object({ ['n'.repeat(120_001)]: string }),
      '120001 characters of names, enum values and constants exceeds limit of 120000.',
    ],
    [
      'more than 15,000 characters in an enum of more than 250 values',
      object({ a: { type: 'string', enum: distinct(251, 60) } }),
      "In context=('properties', 'a'), Expected at most 15000 characters",
    ],
  ])('%s', async (_name, schema, message) => {
    await expect(ask('x', schema)).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_json_schema',
      param: 'text.format.schema',
      message: expect.stringMatching(
        new RegExp(
          `Invalid schema for response_format 'answer': .*${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`,
          's',
        ),
      ) as string,
    });
  });

  test.each<[string, Schema]>([
    ['10 levels of nesting', nested(10)],
    ['1000 enum values', many(1000, { type: 'string', enum: ['a'] })],
    ['an enum of 250 long values', object({ a: { type: 'string', enum: distinct(250, 70) } })],
    ['an enum of 251 short values', object({ a: { type: 'string', enum: distinct(251, 50) } })],
  ])('%s are within the limits', async (_name, schema) => {
    expect(problemsOf(schema, await ask('Explain Raft.', schema))).toBeNull();
  });

  test('5000 properties are within the limits', async () => {
    expect(Object.keys((await ask('Explain Raft.', many(5000))) as object)).toHaveLength(5000);
  });

  test('a name of a format has 64 characters of letters, digits, underscores and dashes at most', async () => {
    for (const bad of ['', 'a b', 'x'.repeat(65)]) {
      const format = { type: 'json_schema' as const, name: bad, schema: object({}), strict: true };
      await expect(run(rig.client, { input: 'x', text: { format } })).rejects.toMatchObject({
        status: 400,
        param: 'text.format.name',
      });
    }
  });
});

describe('a schema that is not strict', () => {
  test.each<[string, Schema]>([
    ['optional properties', { type: 'object', properties: { a: string, b: { type: 'integer' } } }],
    ['an open object', { type: 'object', additionalProperties: { type: 'number' } }],
    [
      'allOf',
      {
        allOf: [object({ a: string }, { additionalProperties: true }), { required: ['b'], properties: { b: string } }],
      },
    ],
    ['oneOf at the root', { oneOf: [object({ a: string }), object({ b: string })] }],
    [
      'a list with a schema for each item',
      { type: 'array', items: [string, { type: 'integer' }], additionalItems: false },
    ],
    ['a chain of references', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: object({ c: string }) } }],
    ['a format that strict mode does not take', object({ a: { type: 'string', format: 'uri' } })],
    ['more than 10 levels', nested(30)],
  ])('may have %s', async (_name, schema) => {
    expect(problemsOf(schema, await ask('Explain Raft.', schema, false))).toBeNull();
  });
});

test('json_object gives an object, where the input has the word json', async () => {
  const text: Params['text'] = { format: { type: 'json_object' } };
  await expect(run(rig.client, { input: 'Explain Raft.', text })).rejects.toMatchObject({
    status: 400,
    param: 'input',
    message: expect.stringContaining("must contain the word 'json'") as string,
  });
  const response = await run(rig.client, { input: 'Explain Raft as JSON.', text });
  expect(JSON.parse(response.output_text)).toMatchObject({ answer: expect.stringContaining('Raft') as string });
});

describe('schemas that are made to hang or to fill the memory', () => {
  test.each<[string, Schema]>([
    [
      'patterns that backtrack without end',
      object(
        Object.fromEntries(
          Array.from({ length: 300 }, (_, index) => [
            `p${index}`,
            { type: 'string', pattern: `^(([A-Za-z ]+[a-z ]*)+.)+[^\\s\\S]{${index}}\\d$` },
          ]),
        ),
      ),
    ],
    ['a pattern that repeats repetitions', object({ a: { type: 'string', pattern: '^((((a{99}){99}){99}){99})$' } })],
    ['a pattern of a billion characters', object({ a: { type: 'string', pattern: '^a{1000000000}$' } })],
  ])('%s: an answer comes', async (_name, schema) => {
    expect(await ask('Explain Raft.', schema)).toEqual(expect.any(Object));
  });

  test.each<[string, Schema]>([
    ['a string of a billion characters', object({ a: { type: 'string', minLength: 1_000_000_000 } })],
    [
      'lists of lists of lists',
      object({
        a: {
          type: 'array',
          minItems: 999,
          items: { type: 'array', minItems: 999, items: { type: 'array', items: string, minItems: 99 } },
        },
      }),
    ],
    [
      'a long list of long strings',
      object({ a: { type: 'array', minItems: 999, items: { type: 'string', minLength: 9999 } } }),
    ],
  ])('%s is refused', async (_name, schema) => {
    await expect(ask('Explain Raft.', schema)).rejects.toMatchObject({
      status: 400,
      code: 'invalid_json_schema',
      message: expect.stringContaining('too large') as string,
    });
  });
});
