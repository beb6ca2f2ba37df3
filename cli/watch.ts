import { type RunHandle } from '../client';
import { type PipelineResult } from '../contract/pipeline';
import { type Interrupt } from './interrupt';
import { InterruptedError } from './errors';
import { createReporter, type Reporter } from './reporter';

/** How a run came to its end. */
export type Ending = { result: PipelineResult } | { error: Error };

/**
 * Shows a run until its end.
 * @throws InterruptedError on Ctrl-C; the run goes on.
 */
export async function watchRun(run: RunHandle, interrupt: Interrupt): Promise<Ending> {
  const reporter = createReporter();
  try {
    return await interrupt.race(untilEnd(run, reporter, interrupt.signal));
  } finally {
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
        reporter.trouble(event.troubles);
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
