import { survivesKills } from './storm/kills';

/** The short form of `npm run test:crash`. The seed is one that kills each kind of process. */
test('runs survive a random killer: the same texts, and every response accounted for', async () => {
  const problems = await survivesKills({
    name: 'kills, short',
    seed: 'short',
    runs: 6,
    topics: 3,
    speed: 40,
    gapMs: [300, 900],
    kills: 5,
    withinMs: 240_000,
  });
  expect(problems).toEqual([]);
}, 300_000);
