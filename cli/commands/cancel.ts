import { type WorkflowExecutionDescription } from '@temporalio/client';
import { type RunHandle, RunNotFoundError } from '../../client';
import { stopLeftResponses } from '../../worker';
import { invocation } from '../invocation';
import { UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { followRun } from '../follow-run';
import { Interrupt } from '../interrupt';
import { providerEnvironment } from '../provider-environment';
import { type StartedSession, startSession } from '../session';
import { outStyle, print } from '../terminal';
import { cancelledLines } from '../views/cancelled';
import { leftUnstopped, leftUnstoppedText, statusText } from '../views/status';
import { wholeProgress } from '../whole-progress';
import { announceRun } from '../words';

interface Found {
  session: StartedSession;
  interrupt: Interrupt;
  run: RunHandle;
  described: WorkflowExecutionDescription;
}

/** Cancels a run, waits until it has ended, and says what was stopped at the provider. Returns the exit code. */
export async function cancel(workflowId: string): Promise<number> {
  return withRun(workflowId, async ({ session, interrupt, run, described }) => {
    const status = statusText(described);
    if (leftUnstopped(status)) {
      print(leftUnstoppedText(workflowId, status));
      return EXIT.failed;
    }
    if (status !== 'running') {
      print(`${workflowId} has already ended (${status}); there is nothing to cancel.`);
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
  });
}

/**
 * Stops at the provider what a run has left there that ended without stopping it. Returns the exit code: 1 where
 * something may still be running.
 */
export async function cancelTerminated(workflowId: string): Promise<number> {
  return withRun(workflowId, async ({ session, described }) => {
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
  });
}

/** Only a worker, or the provider of this home, can stop responses: everything is started. */
async function withRun(workflowId: string, use: (found: Found) => Promise<number>): Promise<number> {
  const interrupt = new Interrupt();
  const session = await startSession(interrupt);
  try {
    const run = session.research.run(workflowId);
    const described = await run.describe();
    if (!described) throw new RunNotFoundError(workflowId, run.namespace);
    return await use({ session, interrupt, run, described });
  } finally {
    interrupt.release();
    await session.close();
  }
}
