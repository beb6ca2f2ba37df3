import { type Hold, RateLimits } from '../../openai/rate-limits';

const MODEL = 'gpt-5.5';
const SMALL = { model: MODEL, tokens: 10 };

type Left = { limit: number; remaining: number; reset: string };

function headers(requests: Left, tokens: Left = { limit: 1_000_000, remaining: 1_000_000, reset: '0s' }): Headers {
  return new Headers(
    Object.entries({ requests, tokens }).flatMap(([unit, { limit, remaining, reset }]): [string, string][] => [
      [`x-ratelimit-limit-${unit}`, String(limit)],
      [`x-ratelimit-remaining-${unit}`, String(remaining)],
      [`x-ratelimit-reset-${unit}`, reset],
    ]),
  );
}

/** Limits by a clock that is moved by hand, and without chance. */
function limitsAt(random = 0): { limits: RateLimits; move: (ms: number) => void } {
  let now = 1_000_000;
  return {
    limits: new RateLimits(
      () => now,
      () => random,
    ),
    move: (ms) => void (now += ms),
  };
}

/** A create that is sent and answered. */
function send(limits: RateLimits, answer: Headers, need = SMALL): Hold | undefined {
  const held = limits.take(need);
  if (!held) limits.answered(need, answer);
  return held;
}

const USED_UP = headers({ limit: 60, remaining: 3, reset: '57s' });

test('nothing is held back before an answer has told of a limit, and none by answers that tell of none', () => {
  const { limits } = limitsAt();
  expect(limits.hold(SMALL, false)).toBeUndefined();
  for (let sent = 0; sent < 500; sent += 1) expect(send(limits, new Headers())).toBeUndefined();
});

test('what the headers leave is sent, and the next one waits until one has come back', () => {
  const { limits, move } = limitsAt();
  // 60 a minute: one comes back each second. Three are kept for other workers.
  send(limits, headers({ limit: 60, remaining: 5, reset: '55s' }));
  expect([limits.take(SMALL), limits.take(SMALL)]).toEqual([undefined, undefined]);
  expect(limits.take(SMALL)).toEqual({ what: 'requests', ms: 1_000 });
  move(1_000);
  expect(limits.take(SMALL)).toBeUndefined();
});

test('those that wait come back one after the other, and one that comes later stands behind them', () => {
  const { limits, move } = limitsAt();
  send(limits, USED_UP);
  const waits = [1, 2, 3].map(() => limits.hold(SMALL, false)?.ms);
  expect(waits).toEqual([1_000, 2_000, 3_000]);
  move(1_000);
  expect(limits.hold(SMALL, false)).toMatchObject({ ms: 3_000 });
  expect(limits.hold(SMALL, true)).toBeUndefined();
});

test('more than fit into the longest wait ask again before it ends, each at its own time', () => {
  const { limits } = limitsAt(0.5);
  send(limits, USED_UP);
  const waits = Array.from({ length: 200 }, () => limits.hold(SMALL, false)?.ms ?? 0);
  expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
  expect(waits.at(-1)).toBe(52_500);
});

test('tokens have a limit of their own, and a small create passes where a large one waits', () => {
  const { limits } = limitsAt();
  const requests = { limit: 1_000, remaining: 1_000, reset: '0s' };
  send(limits, headers(requests, { limit: 60_000, remaining: 10_000, reset: '50s' }));
  expect(limits.hold({ model: MODEL, tokens: 9_000 }, false)).toEqual({ what: 'tokens', ms: 2_000 });
  expect(limits.hold({ model: MODEL, tokens: 5_000 }, true)).toBeUndefined();
  expect(limits.hold({ model: 'another', tokens: 9_000 }, false)).toBeUndefined();
});

test('one that exceeds the whole limit is sent once all of it is there', () => {
  const { limits, move } = limitsAt();
  const requests = { limit: 1_000, remaining: 1_000, reset: '0s' };
  const large = { model: MODEL, tokens: 100_000 };
  send(limits, headers(requests, { limit: 60_000, remaining: 59_000, reset: '1s' }));
  expect(limits.hold(large, true)).toMatchObject({ what: 'tokens' });
  move(2_000);
  expect(limits.take(large)).toBeUndefined();
});

test('creates that are on their way are counted, whatever an answer to another one says', () => {
  const { limits } = limitsAt();
  send(limits, headers({ limit: 60, remaining: 8, reset: '52s' }));
  for (let sent = 0; sent < 4; sent += 1) expect(limits.take(SMALL)).toBeUndefined();
  // The provider has counted one of the four.
  limits.answered(SMALL, headers({ limit: 60, remaining: 7, reset: '53s' }));
  expect(limits.take(SMALL)).toBeUndefined();
  expect(limits.take(SMALL)).toBeDefined();
  limits.lost(SMALL);
});

test('a refusal stops every create of the model where a limit is used up, and those refused together come back apart', () => {
  const { limits, move } = limitsAt();
  send(limits, new Headers());
  expect([limits.refused(SMALL, 7_000), limits.refused(SMALL, 7_000)]).toEqual([7_000, 7_050]);
  expect(limits.hold(SMALL, true)).toMatchObject({ ms: 7_100 });
  expect(limits.take({ ...SMALL, model: 'another' })).toBeUndefined();
  move(7_100);
  expect(limits.take(SMALL)).toBeUndefined();
});

test('a refusal with something left of every limit was for that create alone', () => {
  const { limits } = limitsAt();
  send(limits, headers({ limit: 60, remaining: 59, reset: '1s' }));
  expect(limits.refused(SMALL, 60_000)).toBe(60_000);
  expect(limits.hold(SMALL, false)).toBeUndefined();
});

test('a reset of days holds nobody for days: once a minute one create asks how it stands', () => {
  const { limits, move } = limitsAt();
  send(limits, headers({ limit: 200, remaining: 0, reset: '7d' }));
  expect(limits.hold(SMALL, false)?.ms).toBeLessThanOrEqual(60_000);
  move(60_000);
  expect(limits.take(SMALL)).toBeUndefined();
  // The others wait for what it is told.
  expect(limits.take(SMALL)?.ms).toBeLessThanOrEqual(60_000);
  limits.answered(SMALL, headers({ limit: 200, remaining: 200, reset: '0s' }));
  expect(limits.take(SMALL)).toBeUndefined();
});

test.each([
  ['-5', '1s'],
  ['-1e300', '1d'],
  ['0', '2026-11-23T00:00:00Z'],
  ['1e300', '-1s'],
  ['0', '99999999999999999999d'],
])('remaining %s until %s is no reason to wait for longer than a minute', (remaining, reset) => {
  const { limits, move } = limitsAt(0.99);
  send(limits, headers({ limit: 60, remaining: Number(remaining), reset }));
  for (let waiting = 0; waiting < 3; waiting += 1) {
    expect(limits.hold(SMALL, false)?.ms ?? 0).toBeLessThanOrEqual(60_000);
  }
  move(60_000);
  expect(limits.take(SMALL)).toBeUndefined();
});
