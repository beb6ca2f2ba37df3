import { leavesNothingBehind } from './storm/cancels';
import { survivesKills } from './storm/kills';
import { TOPICS } from './storm/runs';
import { RUNS, SEED } from './storm/sizes';
import { endsWithAName } from './storm/trouble';
import { survivesBadWebhooks } from './storm/webhooks';

/**
 * The crash test: `npm run test:crash`. Every process is a real one and killed by SIGKILL. `CRASH_RUNS` says how large
 * it is (200), `CRASH_SEED` repeats one: who is killed when and which faults strike follows from it, though not what
 * each process is doing at that moment. `-- -t NAME` runs one scenario.
 */
process.stdout.write(`crash test of ${RUNS} runs; repeat it by CRASH_SEED=${SEED}\n`);

test('kills: the same texts, and every response accounted for', async () => {
  const problems = await survivesKills({
    name: 'kills',
    seed: `${SEED}-kills`,
    runs: RUNS,
    topics: TOPICS.length,
    speed: 20,
    gapMs: [1_000, 4_000],
    kills: 60,
    withinMs: 360_000,
  });
  expect(problems).toEqual([]);
});

test('faults: under kills and every fault of the provider each run ends, and by a name', async () => {
  const problems = await endsWithAName({
    seed: `${SEED}-faults`,
    runs: RUNS,
    share: 0.02,
    gapMs: [1_500, 6_000],
    kills: 40,
    withinMs: 360_000,
  });
  expect(problems).toEqual([]);
});

test('webhooks: lost, doubled and reordered, they cost no more than the fallback', async () => {
  const problems = await survivesBadWebhooks({ seed: `${SEED}-webhooks`, runs: RUNS / 5, withinMs: 300_000 });
  expect(problems).toEqual([]);
});

test('cancels: a run that was ended early leaves nothing running at the provider', async () => {
  const problems = await leavesNothingBehind({
    seed: `${SEED}-cancels`,
    cancelled: RUNS / 4,
    terminated: RUNS / 10,
    gapMs: [1_500, 6_000],
    withinMs: 180_000,
  });
  expect(problems).toEqual([]);
});
