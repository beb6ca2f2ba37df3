import { z } from 'zod';
import { fromZod, InvalidInputError, pathText, preview } from '../../contract/issues';

test.each<[PropertyKey[], string]>([
  [[], 'input'],
  [['steps', 1, 'context', 'from', 0], 'steps[1].context.from[0]'],
  [[0], '[0]'],
])('%j', (path, text) => {
  expect(pathText(path)).toBe(text);
});

test.each<[unknown, string]>([
  [undefined, 'nothing'],
  [null, 'null'],
  [0, '0'],
  ['', '""'],
  [[1, 2], 'a list of 2'],
  [{}, 'an object with no fields'],
  [{ a: 1, b: 2 }, 'an object with a, b'],
  [`sk-${'x'.repeat(30)}`, 'a credential (not shown)'],
  ['x'.repeat(100), `"${'x'.repeat(59)}…`],
])('%j is shown as %s', (value, text) => {
  expect(preview(value)).toBe(text);
});

test('an error tells the first problems and how many more there are', () => {
  const issues = Array.from({ length: 8 }, (_, i) => ({ path: ['steps', i], message: 'wrong' }));
  const { message } = new InvalidInputError('pipeline input', issues);
  expect(message).toBe(
    'pipeline input is not valid: steps[0]: wrong; steps[1]: wrong; steps[2]: wrong; steps[3]: wrong; steps[4]: wrong; and 3 more',
  );
});

test('issues of zod say what was expected and what came', () => {
  const schema = z.strictObject({ a: z.strictObject({ n: z.int().min(1) }), kind: z.enum(['x', 'y']) });
  const input = { a: { n: 'one', more: 1 }, kind: 'z', other: true };
  const texts = fromZod(schema.safeParse(input).error ?? new z.ZodError([]), input).map(
    ({ path, message }) => `${pathText(path)}: ${message}`,
  );
  expect(texts.toSorted()).toEqual([
    'a.more: unknown field',
    'a.n: expected number, got "one"',
    'kind: invalid option: expected one of "x"|"y", got "z"',
    'other: unknown field',
  ]);
});
