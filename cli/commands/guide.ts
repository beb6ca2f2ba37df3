import { type RunHandle } from '../../client';
import { EXIT } from '../exit-codes';
import { inSession } from '../session';
import { print } from '../terminal';
import { counted } from '../text/format';

/** Tells the steps of a run something while it is at work. Returns the exit code. */
export async function steer(workflowId: string, instruction: string, stepId: string | undefined): Promise<number> {
  return withRun(workflowId, async (run) => {
    const { id } = await run.steer({ instruction, stepId });
    const taker = stepId === undefined ? 'every step' : `step "${stepId}"`;
    print(`${workflowId}: ${id} is taken up by ${taker} with its next response.`);
  });
}

/** Brings a run to its end before all of it has run. Returns the exit code. */
export async function finish(workflowId: string, running: 'wait' | 'cancel'): Promise<number> {
  return withRun(workflowId, async (run) => {
    const { skipped, running: atWork, final } = await run.finishNow({ running });
    const parts = [
      `${counted(skipped.length, 'step')} skipped`,
      `${counted(atWork.length, 'step')} ${running === 'cancel' ? 'being stopped' : 'left to end'}`,
      `${counted(final.length, 'final step')} to run`,
    ];
    print(`${workflowId} comes to its end: ${parts.join(', ')}.`);
  });
}

async function withRun(workflowId: string, use: (run: RunHandle) => Promise<void>): Promise<number> {
  await inSession(({ research }) => use(research.run(workflowId)));
  return EXIT.completed;
}
