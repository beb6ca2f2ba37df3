import { RunNotFoundError } from '../../client';
import { stopLeftResponses } from '../../worker';
import { invocation } from '../invocation';
import { UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { followRun } from '../follow-run';
import { Interrupt } from '../interrupt';
import { providerEnvironment } from '../provider-environment';
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

/**
 * Stops at the provider what a run has left there that ended without stopping it. Returns the exit code: 1 where
 * something may still be running.
 */
export async function cancelTerminated(workflowId: string): Promise<number> {
  const interrupt = new Interrupt();
  // The emulator of this home may be the provider.
  const session = await startSession(interrupt);
  try {
    const run = session.research.run(workflowId);
    const described = await run.describe();
    if (!described) throw new RunNotFoundError(workflowId, run.namespace);
    if (described.status.name === 'RUNNING') {
      throw new UsageError(`${workflowId} is still running; end it with: ${invocation(`cancel ${workflowId}`)}`);
    }
    const env = providerEnvironment(session.stack, process.env);
    const { stopped, unanswered } = await stopLeftResponses(env, session.research.client, workflowId);
    if (stopped.length + unanswered.length === 0) print(`${workflowId} has left no response behind.`);
    for (const { stepId, responseId, status, problem } of stopped) {
      print(`${stepId}: ${responseId} ${problem === undefined ? `is ${status}` : `may still be running: ${problem}`}`);
    }
    for (const create of unanswered) print(`${create}: its answer is not known; it may have created a response`);
    return unanswered.length > 0 || stopped.some(({ status }) => status === 'unknown') ? EXIT.failed : EXIT.completed;
  } finally {
    interrupt.release();
    await session.close();
  }
}
