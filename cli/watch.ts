import { setTimeout as delay } from 'node:timers/promises';
import { type RunHandle } from '../client';
import { type PipelineResult } from '../contract/pipeline';
import { type Interrupt } from './interrupt';
import { InterruptedError } from './errors';
import { pendingTroubles } from './pending';
import { createReporter, type Reporter } from './reporter';

/** How a run came to its end. */
export type Ending = { result: PipelineResult } | { error: Error };

/** Time between two looks at activities that are being tried again. */
const TROUBLE_INTERVAL_MS = 3_000;

/**
 * Shows a run until its end.
 * @throws InterruptedError on Ctrl-C; the run goes on.
 */
export async function watchRun(run: RunHandle, interrupt: Interrupt): Promise<Ending> {
  const over = new AbortController();
  const signal = AbortSignal.any([interrupt.signal, over.signal]);
  const reporter = createReporter();
  void watchTroubles(run, reporter, signal);
  try {
    return await interrupt.race(untilEnd(run, reporter, signal));
  } finally {
    over.abort();
    reporter.close();
  }
}

async function untilEnd(run: RunHandle, reporter: Reporter, signal: AbortSignal): Promise<Ending> {
  let warned = 0;
  for await (const event of run.follow({ signal })) {
    switch (event.kind) {
      case 'progress':
        for (const warning of event.progress.warnings.slice(warned)) reporter.warn(warning);
        warned = event.progress.warnings.length;
        reporter.trouble([]);
        reporter.progress({ steps: event.steps, totals: event.progress });
        break;
      case 'silent':
        reporter.trouble([event.message]);
        break;
      case 'result':
        reporter.trouble([]);
        return { result: event.result };
      case 'failed':
        reporter.trouble([]);
        return { error: event.error };
    }
  }
  throw new InterruptedError('Stopped following.');
}

/** Progress tells of steps; why one of them does not get on stands in Temporal's description alone. Never rejects. */
async function watchTroubles(run: RunHandle, reporter: Reporter, signal: AbortSignal): Promise<void> {
  let shown: string[] = [];
  while (!signal.aborted) {
    // Rejects for the abort alone, which ends the loop.
    await delay(TROUBLE_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    // A server that does not answer is already told of by the following itself.
    const described = signal.aborted ? undefined : await run.describe().catch(() => undefined);
    const troubles = described === undefined ? [] : pendingTroubles(described);
    if (!signal.aborted && (troubles.length > 0 || shown.length > 0)) reporter.trouble(troubles);
    shown = troubles;
  }
}
