import * as fc from 'fast-check';
import { colourStyle, plainStyle, styleFor } from '../../cli/text/style';
import { type Column, table } from '../../cli/text/table';
import { oneLine, pad, printable, truncate, widthOf } from '../../cli/text/width';

const columns: Column[] = [{}, { min: 4 }, { align: 'right', drop: 2 }, { min: 6, drop: 1 }];
const rows = [
  [{ text: '✓' }, { text: 'investigate-1' }, { text: '9 s' }, { text: 'a long note about what it said' }],
  [{ text: '✗' }, { text: '計画' }, { text: '12 s' }, { text: '' }],
];
const draw = (width: number): string[] => table(rows, { columns, width, style: plainStyle });

describe('a table', () => {
  test('aligns its columns by what a terminal shows, not by characters', () => {
    expect(draw(Infinity)).toEqual([
      '✓  investigate-1   9 s  a long note about what it said',
      '✗  計画           12 s',
    ]);
  });

  test('cuts what may be cut, the widest first', () => {
    expect(draw(40)[0]).toBe('✓  investigate-1   9 s  a long note abo…');
  });

  test('leaves columns out before it cuts below their least width', () => {
    expect(draw(20)).toEqual(['✓  inves…  a long n…', '✗  計画']);
    expect(draw(12)).toEqual(['✓  investig…', '✗  計画']);
    expect(draw(8)).toEqual(['✓  inve…', '✗  計画']);
  });

  test('is never wider than the terminal as long as its fixed columns fit', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map(oneLine);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text, text), { minLength: 1 }),
        fc.integer({ min: 10, max: 120 }),
        (texts, width) => {
          const cells = texts.map((row) => row.map((cell) => ({ text: cell })));
          const lines = table(cells, {
            columns: [{ min: 4 }, { drop: 1 }, { min: 3, drop: 2 }],
            width,
            style: plainStyle,
          });
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

describe('text on a terminal', () => {
  test('is cut between characters, wide ones included', () => {
    expect(truncate('日本語のテキスト', 7)).toBe('日本語…');
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abcd', 3)).toBe('ab…');
    expect(truncate('abcd', 0)).toBe('');
  });

  test('is padded by columns', () => {
    expect(pad('日本', 6)).toBe('日本  ');
    expect(pad('7 s', 6, 'right')).toBe('   7 s');
  });

  test('cannot move the cursor or colour the screen', () => {
    expect(oneLine('a\u001B[31mb\u001B[2Jc\r\nd\u0007')).toBe('abc d');
    expect(printable('line one\n\tline\u001B]0;title\u0007 two\u009B')).toBe('line one\n\tline two');
  });
});

describe('colours', () => {
  test('are for terminals that want them', () => {
    expect(styleFor({ isTTY: true }, {})('bad', 'x')).toBe(colourStyle('bad', 'x'));
    expect(colourStyle('bad', 'x')).toContain('\u001B[31m');
    for (const [stream, env] of [
      [{ isTTY: false }, {}],
      [{ isTTY: true }, { NO_COLOR: '1' }],
      [{ isTTY: true }, { TERM: 'dumb' }],
    ] as const)
      expect(styleFor(stream, env)('bad', 'x')).toBe('x');
  });
});
