import { metricMeter } from '@temporalio/workflow';
import { type Collected, type Outcome } from '../contract/outcome';

/**
 * What operators watch, as metrics of Temporal's own exporter. Counted by the workflow, which does it once: activities
 * and announcers may do the same work twice. Nothing is counted while a history is replayed.
 */
function count(name: string, value: number, tags: Record<string, string> = {}): void {
  if (value > 0) metricMeter.createCounter(`durable_research_${name}`).add(value, tags);
}

/** A create that returned a response. */
export function countCreate(model: string): void {
  count('creates', 1, { model });
}

/** A create whose answer was lost. */
export function countAmbiguous(): void {
  count('ambiguous_creates', 1);
}

/** A step that ended. */
export function countStep(outcome: Outcome): void {
  count('steps', 1, { outcome });
}

/** A response that was waited for: how long, what it used and what that costs. */
export function countResponse({ model, status, usage }: Collected, spent: { waitedMs: number; usd: number }): void {
  const tags = { model, status };
  metricMeter.createHistogram('durable_research_wait', 'int', 'ms').record(Math.max(0, spent.waitedMs), tags);
  // Counters are whole numbers.
  count('cost_usd_micros', Math.round(spent.usd * 1_000_000), { model });
  const { input = 0, cached = 0, output = 0, reasoning = 0 } = usage ?? {};
  for (const [kind, tokens] of Object.entries({ input, cached, output, reasoning }))
    count('tokens', tokens, { model, kind });
}
