import { durationMs, durationSchema } from '../../contract/duration';

test.each([
  ['250ms', 250],
  ['90s', 90_000],
  ['10m', 600_000],
  ['1.5h', 5_400_000],
  ['30d', 2_592_000_000],
  [' 2 h ', 7_200_000],
])('%j is %i milliseconds', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
  expect(durationSchema.safeParse(text).success).toBe(true);
});

test.each(['', 'soon', '90', 's', '-1s', '1e3s', '.5s', '1.s', '1w', '90s 30ms', '1S', 'NaNs'])(
  '%j is no duration',
  (text) => {
    expect(durationMs(text)).toBeNaN();
    expect(durationSchema.safeParse(text).error?.issues[0]?.message).toMatch(/expected a duration such as/);
  },
);

test.each(['0s', '0ms', '30.5d', '721h'])('%j is out of range', (text) => {
  expect(durationSchema.safeParse(text).error?.issues[0]?.message).toBe('expected a duration between 1ms and 30d');
});
