import { Clock } from '../../emulator/clock';
import { resetIn, usedAt, waitFor } from '../../emulator/limits/bucket';
import { formatDuration } from '../../emulator/limits/duration';
import { RateLimits } from '../../emulator/limits/limits';

test.each([
  [0, '0s'],
  [0.2, '1ms'],
  [20, '20ms'],
  [999.5, '1s'],
  [1146, '1.146s'],
  [19_500, '19.5s'],
  [60_000, '1m0s'],
  [90_050, '1m30.05s'],
  [360_000, '6m0s'],
  [3_600_000, '1h0m0s'],
  [5_011_000, '1h23m31s'],
])('%d ms are written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('what is used is given back evenly, the limit in a minute, and never more', () => {
  const bucket = { used: 6, at: 1000 };
  expect(usedAt(undefined, 6, 1000)).toBe(0);
  expect(usedAt(bucket, 6, 1000)).toBe(6);
  expect(usedAt(bucket, 6, 11_000)).toBe(5);
  expect(usedAt(bucket, 6, 999_000)).toBe(0);
  expect(resetIn({ used: 3, limit: 6 })).toBe(30_000);
});

test('a wait is as long as it takes until the rest fits', () => {
  expect(waitFor(1, { used: 5, limit: 6 })).toBe(0);
  expect(waitFor(3, { used: 5, limit: 6 })).toBe(20_000);
  // The API's own example: 955 too many of 50,000 a minute.
  expect(formatDuration(waitFor(3006, { used: 47_949, limit: 50_000 }))).toBe('1.146s');
});

test('a refused request uses nothing up, and after the wait that was named it passes', () => {
  const clock = new Clock(1, 0);
  const limits = new RateLimits(clock, { requests: 1, tokens: undefined });
  expect(limits.take('m', 1).refusal).toBeNull();
  for (let n = 0; n < 5; n += 1) {
    expect(limits.take('m', 1).refusal?.headers['retry-after']).toBe('60');
  }
  clock.advance(Number(limits.take('m', 1).refusal?.headers['retry-after-ms']));
  expect(limits.take('m', 1).refusal).toBeNull();
});

test('models are forgotten when nothing of theirs is in use, so that names cost no memory', () => {
  const clock = new Clock(1, 0);
  const limits = new RateLimits(clock, { requests: 1 });
  for (let n = 0; n < 1000; n += 1) {
    limits.take(`model-${n}`, 1);
    clock.advance(60_000);
  }
  expect((limits as unknown as { buckets: Map<string, unknown> }).buckets.size).toBeLessThanOrEqual(100);
});
