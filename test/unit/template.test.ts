import * as fc from 'fast-check';
import { parseTemplate, promptText, TemplateError, type TemplatePart, valueAt } from '../../contract/template';

test('a prompt is split into its parts', () => {
  expect(parseTemplate('On {{input.topic}}: {{ steps.plan.json.questions.0 }}, {{steps.a-1.text}}!')).toEqual([
    { kind: 'text', text: 'On ' },
    { kind: 'input', path: ['topic'] },
    { kind: 'text', text: ': ' },
    { kind: 'step', stepId: 'plan', field: 'json', path: ['questions', '0'] },
    { kind: 'text', text: ', ' },
    { kind: 'step', stepId: 'a-1', field: 'text', path: [] },
    { kind: 'text', text: '!' },
  ]);
});

test.each<[string, TemplatePart[]]>([
  ['', []],
  ['{{input}}', [{ kind: 'input', path: [] }]],
  ['{{steps.a.json}}', [{ kind: 'step', stepId: 'a', field: 'json', path: [] }]],
  ['{ {input} } and {input}', [{ kind: 'text', text: '{ {input} } and {input}' }]],
  ['{{input', [{ kind: 'text', text: '{{input' }]],
  [
    '{{{input.a}}}',
    [
      { kind: 'text', text: '{' },
      { kind: 'input', path: ['a'] },
      { kind: 'text', text: '}' },
    ],
  ],
])('%j', (prompt, parts) => {
  expect(parseTemplate(prompt)).toEqual(parts);
});

test.each([
  '',
  'x',
  'steps',
  'steps.a',
  'steps.a.text.more',
  'steps.a.usage',
  'input.',
  'input..a',
  'input.a b',
  'a|b',
])('{{%s}} is refused, with what is expected', (expression) => {
  expect(() => parseTemplate(`x {{${expression}}}`)).toThrow(TemplateError);
  expect(() => parseTemplate(`x {{${expression}}}`)).toThrow(`unknown template {{${expression}}}; expected {{steps.`);
});

const text = fc.string({ unit: fc.constantFrom('a', 'ü', '🙂', '{', '}', '{{', '}}', ' ', '\n', 'input.x') });
const withoutBraces = fc.string({ unit: fc.constantFrom('a', 'ü', '🙂', ' ', '\n', 'input.x', '{ ') });

test('text that comes in by a template is never parsed again', () => {
  const property = fc.property(withoutBraces, text, withoutBraces, (before, value, after) => {
    const parts = parseTemplate(`${before}{{input.value}}${after}`);
    const rendered = parts.map((part) =>
      part.kind === 'text' ? part.text : promptText(part.kind === 'input' ? valueAt({ value }, part.path) : undefined),
    );
    expect(rendered.join('')).toBe(before + value + after);
    expect(parts.filter(({ kind }) => kind !== 'text')).toHaveLength(1);
  });
  fc.assert(property);
  const [part] = parseTemplate('{{input.value}}');
  expect(promptText(valueAt({ value: '{{steps.secret.text}}' }, part?.kind === 'input' ? part.path : []))).toBe(
    '{{steps.secret.text}}',
  );
});

test('an open template followed by a megabyte is parsed at once', () => {
  const startedAt = performance.now();
  for (const filling of [' ', '{{ ', 'x ', '\t\n'])
    expect(parseTemplate(`{{${filling.repeat(300_000)}`)).toMatchObject([{ kind: 'text' }]);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

describe('valueAt', () => {
  const value = { a: [{ b: 0 }], none: null, empty: '' };
  test.each<[string[], unknown]>([
    [[], value],
    [['a', '0', 'b'], 0],
    [['none'], null],
    [['empty'], ''],
    [['a', '1'], undefined],
    [['none', 'x'], undefined],
    [['empty', 'length'], undefined],
    [['constructor'], undefined],
    [['__proto__'], undefined],
    [['a', 'map'], undefined],
  ])('%j', (path, expected) => {
    expect(valueAt(value, path)).toEqual(expected);
  });
});

test.each([
  ['as it is', 'as it is'],
  [0, '0'],
  [false, 'false'],
  [null, 'null'],
  [{ a: 1 }, '{\n  "a": 1\n}'],
])('%j stands in a prompt as %j', (value, expected) => {
  expect(promptText(value)).toBe(expected);
});
