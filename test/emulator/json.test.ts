import Ajv from 'ajv';
import * as fc from 'fast-check';
import { gatherFindings } from '../../emulator/answer/compose';
import { builtInCorpusDir, loadCorpus } from '../../emulator/answer/corpus';
import { writeJson } from '../../emulator/answer/json/generate';
import { toMaterial, type Material } from '../../emulator/answer/json/material';
import { Library } from '../../emulator/answer/library';
import { planAnswer } from '../../emulator/answer/topics';
import { run, startRig, type Response, type Rig } from './helpers';

type Schema = Record<string, unknown>;

const string = { type: 'string' };
function object(properties: Schema, extra: Schema = {}): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false, ...extra };
}

const ajv = new Ajv({ strict: false, validateFormats: false });
function problems(schema: Schema, value: unknown): unknown {
  return ajv.validate(schema, value) ? null : { errors: ajv.errors, value };
}

/** The values of a flat rendering of an answer, without the names of its properties. */
function valuesOf(response: Response): string {
  return response.output_text.replace(/"\w+":/g, '');
}

async function materialFor(prompt: string): Promise<Material> {
  const library = new Library(await loadCorpus(builtInCorpusDir()));
  const ask = {
    prompt,
    guidance: '',
    earlierPrompts: [],
    attached: [],
    earlierAnswers: [],
    toolOutputs: [],
    limits: { sentences: 20, words: Infinity },
  };
  return toMaterial(gatherFindings(ask, planAnswer(ask, library), library), ask, 'the corpus');
}

const leaf = fc.oneof(
  fc.constantFrom<Schema>(
    string,
    { type: 'boolean' },
    { type: 'null' },
    { type: ['string', 'null'] },
    { const: 'fixed' },
  ),
  fc.record({
    type: fc.constant('string'),
    description: fc.constantFrom('a title', 'a URL', 'an id', 'why', 'a question'),
  }),
  fc.record({ type: fc.constant('string'), minLength: fc.nat(30), maxLength: fc.integer({ min: 30, max: 60 }) }),
  fc.record({
    type: fc.constant('string'),
    pattern: fc.constantFrom(
      '^[a-z]+$',
      '^\\d{4}$',
      '^(low|high)-[A-F0-9]{2,}$',
      '^[^a-z]{3}$',
      '^#?\\w+\\s\\S$',
      'x|y',
    ),
  }),
  fc.record({ type: fc.constant('string'), format: fc.constantFrom('date', 'date-time', 'email', 'uuid', 'ipv4') }),
  fc
    .tuple(fc.constantFrom('integer', 'number'), fc.integer({ min: -50, max: 50 }), fc.nat(9), fc.constantFrom(1, 2, 5))
    .map(([type, low, size, step]) => ({ type, minimum: low, maximum: low + size + step, multipleOf: step })),
  fc.record({ type: fc.constantFrom('integer', 'number'), exclusiveMinimum: fc.integer({ min: -9, max: 9 }) }),
  fc.record({ enum: fc.uniqueArray(fc.constantFrom('yes', 'no', 'leader', 3, null), { minLength: 1 }) }),
);
const { node } = fc.letrec<{ node: Schema }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .dictionary(fc.string({ minLength: 1, maxLength: 8 }), tie('node'), { maxKeys: 4, noNullPrototype: true })
      .map((p) => object(p)),
    fc
      .tuple(tie('node'), fc.nat(3), fc.nat(3))
      .map(([items, low, more]) => ({ type: 'array', items, minItems: low, maxItems: low + more })),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => ({ anyOf: [a, b] })),
  ),
}));

describe.each(['How does Raft differ from Paxos?', 'What is the capital of France?'])('for %j', (prompt) => {
  let material: Material;
  beforeAll(async () => {
    material = await materialFor(prompt);
  });

  test('an instance of any schema is valid', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1 }), node, { maxKeys: 4, noNullPrototype: true }),
        (properties) => {
          const schema = object(properties);
          expect(problems(schema, JSON.parse(writeJson(schema, material).text))).toBeNull();
        },
      ),
      { numRuns: 250 },
    );
  });

  test('recursion ends', () => {
    const tree = object({ name: string, children: { type: 'array', items: { $ref: '#/$defs/tree' } } });
    const list = object({ value: string, next: { anyOf: [{ $ref: '#/$defs/list' }, { type: 'null' }] } });
    const schema = object(
      { tree: { $ref: '#/$defs/tree' }, list: { $ref: '#/$defs/list' } },
      { $defs: { tree, list } },
    );
    expect(problems(schema, JSON.parse(writeJson(schema, material).text))).toBeNull();
  });
});

describe('over the wire', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({ seconds: 0 });
  });
  afterAll(() => rig.stop());

  async function ask(input: string, schema: Schema, strict = true): Promise<Response> {
    return run(rig.client, { input, text: { format: { type: 'json_schema', name: 'answer', schema, strict } } });
  }

  const item = { id: { type: 'string', description: 'a short identifier' }, question: string, reason: string };
  const plan = object({ title: string, questions: { type: 'array', items: object(item) } });

  test('a plan holds distinct questions on the subject, with citations', async () => {
    const response = await ask('Plan a research with four sub-questions: How does Raft differ from Paxos?', plan);
    const answer = JSON.parse(response.output_text) as {
      title: string;
      questions: Record<keyof typeof item, string>[];
    };
    expect(problems(plan, answer)).toBeNull();
    expect(answer.title).toBe('Raft and Paxos');
    expect(answer.questions).toHaveLength(4);
    expect(new Set(answer.questions.map(({ id }) => id)).size).toBe(4);
    for (const { question, reason } of answer.questions) {
      expect(question).toMatch(/Raft|Paxos/);
      expect(question).toMatch(/\?$/);
      expect(reason).toMatch(/^[A-Z].{30,}\.$/);
    }
    const message = response.output.find((output) => output.type === 'message');
    const content = message?.type === 'message' ? message.content[0] : undefined;
    const notes = content?.type === 'output_text' ? content.annotations : [];
    expect(notes.length).toBeGreaterThan(2);
    for (const note of notes) {
      const span = note.type === 'url_citation' ? response.output_text.slice(note.start_index, note.end_index) : '';
      expect(answer.questions.map(({ reason }) => reason)).toContain(span);
    }
  });

  test('renaming every property changes nothing but the names', async () => {
    const renamed = object({
      p: string,
      q: { type: 'array', items: object({ r: item.id, s: string, t: string }) },
    });
    const prompt = 'Plan a research with three questions on Raft and Paxos.';
    expect(valuesOf(await ask(prompt, renamed))).toBe(valuesOf(await ask(prompt, plan)));
  });

  test('where nothing is found it says so and leaves lists empty', async () => {
    const verdict = { type: 'string', enum: ['supported', 'refuted', 'not_found'] };
    const schema = object({
      verdict,
      year: { type: ['integer', 'null'] },
      facts: { type: 'array', items: string },
      why: string,
    });
    const response = await ask('What is the capital of France?', schema);
    expect(JSON.parse(response.output_text)).toEqual({
      verdict: 'not_found',
      year: null,
      facts: [],
      why: expect.stringContaining('Nothing was found') as string,
    });
  });

  test.each<[string, Schema, string]>([
    ['a root that is no object', { type: 'array', items: string }, `schema must be a JSON Schema of 'type: "object"'`],
    ['open objects', object({ a: { type: 'object', properties: {} } }), "'additionalProperties' is required"],
    ['optional properties', { ...object({ a: string }), required: [] }, "Missing 'a'"],
    ['a property without a type', object({ a: {} }), "In context=('properties', 'a'), schema must have a 'type' key."],
    ['allOf', object({ a: { type: 'string', allOf: [] } }), "'allOf' is not permitted"],
    ['an unknown reference', object({ a: { $ref: '#/$defs/none' } }), "'#/$defs/none' points to nothing"],
    ['a list without items', object({ a: { type: 'array' } }), 'array schema missing items'],
    ['a broken pattern', object({ a: { type: 'string', pattern: '(' } }), "'(' is not a 'regex'"],
  ])('%s is refused as the API does', async (_name, schema, message) => {
    await expect(ask('x', schema)).rejects.toMatchObject({
      status: 400,
      code: 'invalid_json_schema',
      param: 'text.format.schema',
      message: expect.stringContaining(message) as string,
    });
  });

  test('json_object needs the word json and gives an object', async () => {
    const text = { format: { type: 'json_object' as const } };
    await expect(run(rig.client, { input: 'Explain Raft.', text })).rejects.toMatchObject({
      status: 400,
      param: 'input',
    });
    const response = await run(rig.client, { input: 'Explain Raft as JSON.', text });
    expect(JSON.parse(response.output_text)).toMatchObject({ answer: expect.stringContaining('Raft') as string });
  });
});
