import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { checkSchema } from '../../emulator/answer/json/strict';
import { defineTool, registerTools } from '../../tools';
import { loadTools } from '../../tools/load-tools';

const toolOf = (fields: z.ZodRawShape, name = 'look_up') =>
  defineTool({ name, description: 'Looks up.', parameters: z.object(fields), execute: () => 1 });

test('arguments become a schema of the strict subset', () => {
  const kinds = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('id'), id: z.int() }),
    z.strictObject({ kind: z.literal('name'), name: z.string().min(1) }),
  ]);
  const tool = toolOf({
    email: z.email().describe('Where to write.'),
    page: z.url().nullish(),
    limit: z.int().max(50).default(10),
    kinds: z.array(kinds).min(1),
    sort: z.enum(['up', 'down']).nullable(),
  });
  const { definition } = registerTools([tool]).get('look_up')!;
  expect(definition).toMatchObject({ type: 'function', name: 'look_up', description: 'Looks up.', strict: true });
  expect(definition.parameters).toMatchObject({
    type: 'object',
    required: ['email', 'page', 'limit', 'kinds', 'sort'],
    additionalProperties: false,
    properties: {
      email: { type: 'string', format: 'email', description: 'Where to write.' },
      page: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      limit: { type: 'integer', maximum: 50 },
      kinds: {
        minItems: 1,
        items: { anyOf: [{ required: ['kind', 'id'], additionalProperties: false }, { required: ['kind', 'name'] }] },
      },
    },
  });
  expect(JSON.stringify(definition.parameters)).not.toMatch(/default|oneOf|minLength|"uri"|\$schema/);
  expect(() =>
    checkSchema({ of: 'function', name: 'look_up', schema: definition.parameters, strict: true, param: 'tools' }),
  ).not.toThrow();
});

test('a schema that refers to itself stays one', () => {
  const node: z.ZodType = z.lazy(() => z.object({ name: z.string(), children: z.array(node) }));
  const { parameters } = registerTools([toolOf({ node })]).get('look_up')!.definition;
  expect(JSON.stringify(parameters)).toMatch(/"\$ref":"#/);
});

const deep = (levels: number): z.ZodType => (levels === 0 ? z.string() : z.object({ x: deep(levels - 1) }));

test.each([
  [
    'an optional field',
    { a: z.object({ b: z.string().optional() }) },
    /parameters\.a\.b: the API takes no optional field/,
  ],
  ['a record', { a: z.record(z.string(), z.number()) }, /parameters\.a: the API takes no record/],
  ['a tuple', { a: z.tuple([z.string()]) }, /parameters\.a: the API takes no tuple/],
  ['a loose object', { a: z.array(z.looseObject({})) }, /parameters\.a\[\]: the API takes no fields without a name/],
  ['a date', { a: z.date() }, /parameters\.a: expected a type that JSON has/],
  ['anything', { a: z.unknown() }, /parameters\.a: expected a type that JSON has/],
  ['too many levels', { a: deep(11) }, /expected at most 10 levels/],
  ['too many values', { a: z.enum(Array.from({ length: 1001 }, (_, i) => `v${i}`)) }, /at most 1000 values .*got 1001/],
])('%s is refused by its path', (_name, fields, message) => {
  expect(() => registerTools([toolOf(fields)])).toThrow(message);
  expect(() => registerTools([toolOf(fields)])).toThrow(/^tool "look_up": /);
});

test('two tools of one name are refused', () => {
  expect(() => registerTools([toolOf({}), toolOf({})])).toThrow('tool "look_up" is registered twice');
});

const tool = (name: string): string =>
  `{ name: '${name}', description: 'x', parameters: {}, timeoutMs: 1, execute() {} }`;

describe('tools of modules', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tools-'));
    await writeFile(join(folder, 'one.cjs'), `exports.a = ${tool('a')}; exports.list = [${tool('b')}, 7];`);
    await writeFile(join(folder, 'none.cjs'), 'exports.a = { name: "a" };');
    await writeFile(join(folder, 'broken.cjs'), 'throw new Error("no database");');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('are found under any name, and in lists', async () => {
    expect((await loadTools(['./one.cjs'], folder)).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test.each([
    ['./none.cjs', /"\.\/none\.cjs" exports no tool/],
    ['./broken.cjs', /"\.\/broken\.cjs" cannot be loaded from .*: no database/],
    ['./missing.cjs', /"\.\/missing\.cjs" cannot be loaded from .*Cannot find module/],
  ])('%s is refused', async (name, message) => {
    await expect(loadTools([name], folder)).rejects.toThrow(message);
  });
});
