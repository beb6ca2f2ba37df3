import { metricMeter } from '@temporalio/workflow';
import { type Collected, type Outcome } from '../contract/outcome';
import { type Used } from './ledger';

/**
 * What operators watch, as metrics of Temporal's own exporter. Counted by the workflow, which does it once: activities
 * and announcers may do the same work twice. Nothing is counted while a history is replayed.
 */
function count(name: string, value: number, tags: Record<string, string> = {}): void {
  if (value > 0) metricMeter.createCounter(`durable_research_${name}`).add(value, tags);
}

function recordMs(name: string, ms: number, tags: Record<string, string>): void {
  metricMeter.createHistogram(`durable_research_${name}`, 'int', 'ms').record(Math.max(0, ms), tags);
}

/** A create that returned a response, and how long that took: its turn and its waits for a rate limit included. */
export function countCreate(model: string, startedAt: number): void {
  count('creates', 1, { model });
  recordMs('create', Date.now() - startedAt, { model });
}

/** A create whose answer was lost. */
export function countAmbiguous(): void {
  count('ambiguous_creates', 1);
}

/** A step that ended. */
export function countStep(outcome: Outcome): void {
  count('steps', 1, { outcome });
}

/** A wait that has ended: how long it was, and how long after the end of its response the run learned of it. */
export function countWait({ model, status, announcedBy, completedAt }: Collected, createdAt: number): void {
  const now = Date.now();
  recordMs('wait', now - createdAt, { model, status });
  if (announcedBy && completedAt !== undefined)
    recordMs('announcement_lag', now - completedAt, { announced_by: announcedBy });
}

/** Everything that is booked, replaced and stopped responses too: the sums are those of the runs' accounts. */
export function countSpent({ model, usage, hostedCalls }: Used, usd: number): void {
  // Counters are whole numbers.
  count('cost_usd_micros', Math.round(usd * 1_000_000), { model });
  const { input = 0, cached = 0, cacheWrite = 0, output = 0, reasoning = 0 } = usage ?? {};
  for (const [kind, tokens] of Object.entries({ input, cached, cache_write: cacheWrite, output, reasoning }))
    count('tokens', tokens, { model, kind });
  for (const [tool, calls] of Object.entries(hostedCalls)) count('hosted_calls', calls, { tool });
}
