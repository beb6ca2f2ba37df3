import { RunNotFoundError } from '../../client';
import { invocation } from '../invocation';
import { EXIT } from '../exit-codes';
import { followRun } from '../follow-run';
import { Interrupt } from '../interrupt';
import { startSession } from '../session';
import { outStyle, print } from '../terminal';
import { cancelledLines } from '../views/cancelled';
import { statusText } from '../views/status';
import { wholeProgress } from '../whole-progress';
import { announceRun } from '../words';

/** Cancels a run, waits until it has ended, and says what was stopped at the provider. Returns the exit code. */
export async function cancel(workflowId: string): Promise<number> {
  const interrupt = new Interrupt();
  // Only a worker can stop responses at the provider.
  const session = await startSession(interrupt);
  try {
    const run = session.research.run(workflowId);
    const described = await run.describe();
    if (!described) throw new RunNotFoundError(workflowId, run.namespace);
    if (described.status.name !== 'RUNNING') {
      print(`${workflowId} has already ended (${statusText(described)}); there is nothing to cancel.`);
      return EXIT.completed;
    }
    await run.cancel();
    interrupt.message = `${workflowId} is being cancelled; that goes on without this window.`;
    announceRun(session, workflowId);
    const ending = await followRun(session, run, interrupt);
    if ('result' in ending) {
      print(`${workflowId} ended before it could be cancelled. Its result: ${invocation(`resume ${workflowId}`)}`);
      return EXIT.completed;
    }
    print(outStyle()('strong', `${workflowId} is cancelled.`));
    // The services may have been started again meanwhile, at other ports.
    const ended = session.research.run(workflowId);
    for (const line of cancelledLines(await wholeProgress(ended), await ended.ledger())) print(line);
    return EXIT.completed;
  } finally {
    interrupt.release();
    await session.close();
  }
}
