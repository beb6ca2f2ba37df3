import { count, counted, dateTime, duration, usd } from '../../cli/text/format';

test.each([
  [0, '0 s'],
  [14_999, '14 s'],
  [60_000, '1 m 00 s'],
  [185_000, '3 m 05 s'],
  [3_600_000, '1 h 00 m'],
  [7_620_000, '2 h 07 m'],
  [100 * 3_600_000, '4 d 4 h'],
  [-5, '0 s'],
])('a duration of %d ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  [0, '$0'],
  [0.00001, '<$0.0001'],
  [0.0123, '$0.0123'],
  [0.99996, '$1.0000'],
  [12.345, '$12.35'],
])('%d dollars are %s', (amount, text) => {
  expect(usd(amount)).toBe(text);
});

test('numbers have their thousands apart and nouns their plural', () => {
  expect(count(1_234_567)).toBe('1,234,567');
  expect(counted(1, 'step')).toBe('1 step');
  expect(counted(0, 'step')).toBe('0 steps');
});

test('a date is local and has no zone to misread', () => {
  expect(dateTime(new Date(2026, 2, 4, 9, 5, 2))).toBe('2026-03-04 09:05:02');
});
