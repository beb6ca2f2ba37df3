import { Runtime } from '@temporalio/worker';

/** What is counted of a webhook. */
export interface CountedWebhook {
  /** What became of it. */
  outcome: string;
  /** Milliseconds from the event at the provider until it was dealt with; undefined for one that was not its own. */
  lagMs?: number;
}

/** Counts a webhook in the metrics of this process, which `installRuntime` has set up. */
export function countWebhook({ outcome, lagMs }: CountedWebhook): void {
  const { metricMeter } = Runtime.instance();
  // Metrics know words, not phrases.
  const tags = { outcome: outcome.replaceAll(' ', '_') };
  metricMeter.createCounter('durable_research_webhooks').add(1, tags);
  if (lagMs !== undefined) metricMeter.createHistogram('durable_research_webhook_lag', 'int', 'ms').record(lagMs, tags);
}
