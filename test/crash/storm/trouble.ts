import { failureTypeSchema } from '../../../contract/failures';
import { leftOpen } from './accounts';
import { everyFault } from './faults';
import { type Rage } from './killer';
import { counts, report } from './report';
import { type End, fiveSteps, startRun, TOPICS } from './runs';
import { accountsOf, auditAll, endsOf, ofRun, onStack, underKills } from './storm';

/** Shorter than what some faults would take: then the step's deadline is its outcome. */
const DEADLINE = '45s';

/** The same storm with every fault of the emulator striking at random: each run ends, and says as what. */
export async function endsWithAName(options: {
  seed: string;
  runs: number;
  /** Of the requests, that each fault strikes. */
  share: number;
  gapMs: Rage['gapMs'];
  kills?: number;
  withinMs: number;
}): Promise<string[]> {
  const { seed, runs, share, ...storm } = options;
  return onStack({ seed, emulator: ['--speed', '20'] }, async (stack) => {
    for (const rule of everyFault(seed, share)) await stack.emulator.addFault(rule);
    const startedAt = Date.now();
    const ids = Array.from({ length: runs }, (_, n) => `run-${n}`);
    const killer = await underKills(stack, { seed, ...storm }, async () => {
      await Promise.all(
        ids.map((id, n) => {
          const wait = (['watch', 'webhook', 'auto'] as const)[n % 3]!;
          return startRun(stack.research, id, fiveSteps(TOPICS[n % TOPICS.length]!, wait, DEADLINE));
        }),
      );
    });
    await stack.emulator.removeFaults();
    const ends = await endsOf(stack, ids);
    const audits = await auditAll(stack, ends);
    const steps = ends.flatMap((end) => stepWords(end));
    report('faults', { seed, startedAt, killer, ends, audits, more: [`steps: ${counts(steps)}`] });
    const creates = await stack.emulator.creates();
    return [
      ...ends.flatMap((end) => namelessOf(end)),
      ...audits.flatMap(({ problems }) => problems),
      ...accountsOf(ends).flatMap((account) => leftOpen(account, ofRun(account.workflowId, creates))),
    ];
  });
}

/** What each step of a run came to. */
function stepWords(end: End): string[] {
  const result = end.outcome === 'cancelled' ? undefined : end.result;
  return Object.values(result?.steps ?? {}).map(({ outcome, reason }) => {
    const type = nameIn(reason);
    return outcome === 'completed' || outcome === 'skipped' || type === undefined ? outcome : type;
  });
}

/** Ends and reasons of a run that carry no name of the engine's own. */
function namelessOf(end: End): string[] {
  const { workflowId } = end.run;
  if (end.outcome === 'cancelled') return [`${workflowId} was cancelled, by nobody`];
  if (end.outcome === 'failed' && !failureTypeSchema.safeParse(end.type).success)
    return [`${workflowId} failed as ${end.type}: ${end.message}`];
  const steps = Object.entries(end.result?.steps ?? {});
  return steps.flatMap(([id, { outcome, reason = '' }]) => {
    const named = outcome === 'completed' || outcome === 'skipped' || nameIn(reason) !== undefined;
    return named ? [] : [`${workflowId}/${id} ${outcome}: ${reason}`];
  });
}

/** The failure type that a reason begins with. */
function nameIn(reason = ''): string | undefined {
  return failureTypeSchema.safeParse(reason.split(':')[0]).data;
}
