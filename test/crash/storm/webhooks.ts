import { type Client } from '@temporalio/client';
import { type EmulatorAdmin } from './emulator-admin';
import { counts, report } from './report';
import { fiveSteps, startRun, TOPICS } from './runs';
import { undisturbed, wrongTexts } from './kills';
import { auditAll, endsOf, onStack } from './storm';
import { allClosed } from './runs';

/** The first look after a lost webhook comes this long after the wait began, for responses that take less. */
const FALLBACK_MS = 60_000;
/** What a busy machine takes to make that look, and the second that the provider's times are rounded to. */
const MARGIN_MS = 15_000;

/** Webhooks lost, doubled and reordered: the same texts, and no wait longer than its fallback. */
export async function survivesBadWebhooks(options: {
  seed: string;
  runs: number;
  withinMs: number;
}): Promise<string[]> {
  const { seed, runs, withinMs } = options;
  return onStack({ seed, emulator: ['--speed', '20'] }, async (stack) => {
    const expected = await undisturbed(stack, TOPICS);
    for (const fault of ['webhook_lost', 'webhook_doubled', 'webhook_reordered:60'])
      await stack.emulator.addFault(`${fault}%0.3~${seed}`);
    const startedAt = Date.now();
    const ids = Array.from({ length: runs }, (_, n) => `run-${n}`);
    await Promise.all(
      ids.map((id, n) =>
        startRun(stack.research, id, fiveSteps(TOPICS[n % TOPICS.length]!, n % 4 ? 'webhook' : 'auto')),
      ),
    );
    await allClosed(stack.research, withinMs);
    const ends = await endsOf(stack, ids);
    const audits = await auditAll(stack, ends);
    const late = await Promise.all(ids.map((id) => latenessOf(stack.research.client, stack.emulator, id)));
    const slowest = Math.max(...late.flat());
    const fallbacks = counts(late.flat().map((ms) => (ms > 5_000 ? 'ended by the fallback' : 'ended by a webhook')));
    const more = [`waits: ${fallbacks}; the slowest ended ${(slowest / 1000).toFixed(1)} s after its response`];
    report('webhooks', { seed, startedAt, ends, audits, more });
    return [
      ...wrongTexts(ends, (n) => expected[n % TOPICS.length]),
      ...audits.flatMap(({ problems }) => problems),
      ...(late.flat().length === 5 * runs ? [] : [`${late.flat().length} waits ended instead of ${5 * runs}`]),
      ...(slowest < FALLBACK_MS + MARGIN_MS ? [] : [`a wait ended ${slowest} ms after its response`]),
    ];
  });
}

/** Milliseconds from the end of each response of a run to the end of the wait for it, by the servers' own clocks. */
async function latenessOf(client: Client, emulator: EmulatorAdmin, workflowId: string): Promise<number[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const waits = new Map<string, string>();
  const late: number[] = [];
  for (const event of events ?? []) {
    const activityId = event.activityTaskScheduledEventAttributes?.activityId;
    if (activityId?.startsWith('await:')) waits.set(String(event.eventId), activityId.slice('await:'.length));
    const responseId = waits.get(String(event.activityTaskCompletedEventAttributes?.scheduledEventId));
    if (responseId === undefined) continue;
    const { completed_at: completedAt } = await emulator.response(responseId);
    late.push(Number(event.eventTime?.seconds) * 1000 - (completedAt ?? NaN) * 1000);
  }
  return late;
}
