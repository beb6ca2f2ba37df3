import { setTimeout as sleep } from 'node:timers/promises';
import { seededBetween } from '../../../emulator/ids';
import { stopLeftResponses } from '../../../worker';
import { type CountedCreate } from '../../setup/harness';
import { isOpen, keyOf, leftOpen } from './accounts';
import { report } from './report';
import { type End, fiveSteps, insist, startRun, TOPICS } from './runs';
import { type Stack } from './stack';
import { endsOf, ofRun, onStack, underKills } from './storm';

/** When a run is ended after its start, in milliseconds. */
const LIFE_MS = [0, 15_000] as const;

/**
 * Runs that are cancelled, and others that are terminated and cleared up after, at random moments under kills. Every other response
 * would never end by itself: what is not stopped is seen.
 */
export async function leavesNothingBehind(options: {
  seed: string;
  cancelled: number;
  terminated: number;
  gapMs: readonly [number, number];
  withinMs: number;
}): Promise<string[]> {
  const { seed, cancelled, terminated, ...storm } = options;
  return onStack({ seed, emulator: ['--speed', '20'] }, async (stack) => {
    await stack.emulator.addFault(`stuck_in_progress%0.5~${seed}`);
    await stack.emulator.addFault('latency:0.5@create');
    const startedAt = Date.now();
    const toCancel = Array.from({ length: cancelled }, (_, n) => `cancelled-${n}`);
    const toTerminate = Array.from({ length: terminated }, (_, n) => `terminated-${n}`);
    const killer = await underKills(stack, { seed, ...storm }, async () => {
      await Promise.all([...toCancel, ...toTerminate].map((id, n) => endEarly(stack, { id, n, seed })));
    });
    const ends = await endsOf(stack, [...toCancel, ...toTerminate]);
    const creates = await stack.emulator.creates();
    const problems = await problemsOf(ends.slice(0, cancelled), creates);
    const behind = await leftByTerminated(stack, toTerminate);
    const open = (await stack.emulator.creates()).filter(isOpen);
    report('cancels', {
      seed,
      startedAt,
      killer,
      ends,

      more: [`responses: ${creates.length}, ${open.length} open`],
    });
    return [...problems, ...behind];
  });
}

async function endEarly(stack: Stack, { id, n, seed }: { id: string; n: number; seed: string }): Promise<void> {
  const wait = n % 2 ? 'watch' : 'webhook';
  const run = await startRun(stack.research, id, fiveSteps(TOPICS[n % TOPICS.length]!, wait));
  await sleep(seededBetween(seed, `life ${id}`, LIFE_MS));
  const handle = stack.research.client.workflow.getHandle(run.workflowId);
  await insist(() => (id.startsWith('cancelled') ? handle.cancel() : handle.terminate('for the crash test')));
}

/** Responses that go on although their run was cancelled, and no entry of its account says so. */
async function problemsOf(ends: readonly End[], creates: readonly CountedCreate[]): Promise<string[]> {
  const found = await Promise.all(
    ends.map(async ({ run, ...end }) => {
      const own = ofRun(run.workflowId, creates);
      const ledger = end.outcome === 'result' ? end.result.ledger : await insist(() => run.ledger());
      if (ledger) return leftOpen({ workflowId: run.workflowId, ledger }, own);
      // Without a record there is no account, and nothing can have been created.
      return own.map(({ id }) => `${run.workflowId}: ${id} was created without an account`);
    }),
  );
  return found.flat();
}

/** What `cancel --terminated` leaves running, or may have left, and does not say. */
async function leftByTerminated(stack: Stack, ids: readonly string[]): Promise<string[]> {
  const told = new Map<string, readonly string[]>();
  for (const id of ids) {
    const { stopped, unanswered } = await stopLeftResponses(stack.env, stack.research.client, id);
    const failed = stopped.filter(({ status }) => status === 'unknown').map(({ responseId }) => responseId);
    told.set(id, [...unanswered, ...failed]);
  }
  return (await stack.emulator.creates()).flatMap((one) => {
    const workflowId = one.metadata['workflow_id'] ?? '';
    const known = told.get(workflowId);
    if (known === undefined || !isOpen(one) || known.includes(one.id)) return [];
    const create = `create:${keyOf(one)}`;
    return known.includes(create) ? [] : [`${workflowId}: ${one.id} (${create}) is still ${one.status}, untold`];
  });
}
