import { type RunHandle } from '../client';
import { type PipelineResult } from '../contract/pipeline';
import { type Interrupt } from './interrupt';
import { InterruptedError } from './errors';
import { createReporter, type Reporter } from './reporter';
import { waitingText } from './views/approvals';
import { pausedText } from './views/budget';

/** How a run came to its end. */
export type Ending = { result: PipelineResult } | { error: Error };

/**
 * Shows a run until its end, or until nobody answers and the services are gone.
 * @throws InterruptedError on Ctrl-C; the run goes on.
 */
export async function watchRun(
  run: RunHandle,
  interrupt: Interrupt,
  areGone: () => boolean,
): Promise<Ending | 'services-gone'> {
  const reporter = createReporter();
  try {
    return await interrupt.race(untilEnd(run, { reporter, signal: interrupt.signal, areGone }));
  } finally {
    reporter.close();
  }
}

type Watching = { reporter: Reporter; signal: AbortSignal; areGone: () => boolean };

async function untilEnd(run: RunHandle, { reporter, signal, areGone }: Watching): Promise<Ending | 'services-gone'> {
  let warned = 0;
  for await (const event of run.follow({ signal })) {
    switch (event.kind) {
      case 'progress':
        for (const warning of event.progress.warnings.slice(warned)) reporter.warn(warning);
        warned = event.progress.warnings.length;
        reporter.trouble([
          ...event.progress.approvals.map((one) => waitingText(run.workflowId, one)),
          ...pausedText(run.workflowId, event.progress),
          ...event.troubles,
        ]);
        reporter.heldBack(event.heldBack);
        reporter.progress({ steps: event.steps, totals: event.progress });
        break;
      case 'silent':
        if (areGone()) {
          reporter.trouble([]);
          return 'services-gone';
        }
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
