import { type Rage } from './killer';
import { report, wordOf } from './report';
import { type End, endOf, fiveSteps, startRun, TOPICS } from './runs';
import { type Stack } from './stack';
import { auditAll, endsOf, onStack, underKills, wrongSums } from './storm';

/** As long as the real API takes to answer a create that it has accepted: who dies meanwhile loses the id. */
const SLOW_CREATES = 'latency:0.5@create';

/** Runs of five steps, half of them ended by webhooks and half watched, while everything is killed at random. */
export async function survivesKills(options: {
  name: string;
  seed: string;
  runs: number;
  /** Different final texts. */
  topics: number;
  /** How many times faster than the real API the provider is. */
  speed: number;
  gapMs: Rage['gapMs'];
  kills?: number;
  withinMs: number;
}): Promise<string[]> {
  const { name, seed, runs, speed, ...storm } = options;
  return onStack({ seed, emulator: ['--speed', String(speed)] }, async (stack) => {
    const topics = TOPICS.slice(0, options.topics);
    const expected = await undisturbed(stack, topics);
    await stack.emulator.addFault(SLOW_CREATES);
    const startedAt = Date.now();
    const ids = Array.from({ length: runs }, (_, n) => `run-${n}`);
    const killer = await underKills(stack, { seed, ...storm }, async () => {
      await Promise.all(
        ids.map((id, n) =>
          startRun(stack.research, id, fiveSteps(topics[n % topics.length]!, n % 2 ? 'watch' : 'webhook')),
        ),
      );
    });
    const ends = await endsOf(stack, ids);
    const audits = await auditAll(stack, ends);
    report(name, { seed, startedAt, killer, ends, audits });
    const used = audits.reduce((sum, audit) => sum + audit.used, 0);
    return [
      ...wrongTexts(ends, (n) => expected[n % topics.length]),
      ...audits.flatMap(({ problems }) => problems),
      ...audits.flatMap(({ notUsed }, n) => (notUsed > 0 ? [`${ids[n]}: ${notUsed} responses without use`] : [])),
      ...(await wrongSums(stack, ends)),
      ...(used === 5 * runs ? [] : [`${used} responses were used instead of ${5 * runs}`]),
    ];
  });
}

/** Runs that did not complete with the text expected. */
export function wrongTexts(ends: readonly End[], expected: (n: number) => string | undefined): string[] {
  return ends.flatMap((end, n) => {
    const { workflowId } = end.run;
    if (end.outcome !== 'result')
      return [`${workflowId} ended as ${wordOf(end)}: ${'message' in end ? end.message : ''}`];
    const { outcome, text, steps } = end.result;
    if (outcome !== 'completed') return [`${workflowId} is ${outcome}: ${JSON.stringify(steps)}`];
    return text === expected(n) ? [] : [`${workflowId} has another text than undisturbed:\n${text}`];
  });
}

/** The final text of each topic where nobody is killed. */
export async function undisturbed(stack: Stack, topics: readonly string[]): Promise<(string | undefined)[]> {
  return Promise.all(
    topics.map(async (topic) => {
      const end = await endOf(await startRun(stack.research, `calm-${topic}`, fiveSteps(topic, 'watch')));
      if (end.outcome !== 'result' || end.result.outcome !== 'completed')
        throw new Error(`the run about ${topic} did not complete although nobody was killed`);
      return end.result.text;
    }),
  );
}
