import { isGrpcServiceError, type WorkflowExecutionDescription } from '@temporalio/client';
import {
  heldBackOf,
  pendingActivities,
  NoAnswerError,
  RunFailedError,
  type RunHandle,
  RunNotFoundError,
  troublesOf,
} from '../../client';
import { type PipelineResult } from '../../contract/pipeline';
import { invocation } from '../invocation';
import { EXIT } from '../exit-codes';
import { newestRun } from '../find-run';
import { Interrupt } from '../interrupt';
import { modelsOf } from '../run-models';
import { openSession, type Session, uiLink } from '../session';
import { fitted, outStyle, print, sizeOf } from '../terminal';
import { costLines } from '../views/ledger';
import { progressLines } from '../views/progress';
import { wholeProgress } from '../whole-progress';
import {
  concernLines,
  headLine,
  leftUnstopped,
  leftUnstoppedText,
  progressFrom,
  type RunStatus,
  statusText,
} from '../views/status';

/** Shows where a run stands now; without a worker, what Temporal itself knows of it. Returns the exit code. */
export async function status(id: string | undefined, { json }: { json?: boolean }): Promise<number> {
  const interrupt = new Interrupt();
  const session = await openSession(interrupt);
  try {
    const workflowId = id ?? (await newestRun(session.research));
    const found = await interrupt.race(look(session, workflowId));
    if (json) print(JSON.stringify(found, null, 2));
    else await show(session, found);
    return EXIT.completed;
  } finally {
    interrupt.release();
    await session.close();
  }
}

async function look(session: Session, workflowId: string): Promise<RunStatus> {
  const run = session.research.run(workflowId);
  const described = await run.describe();
  if (!described) throw new RunNotFoundError(workflowId, run.namespace);
  const answered = await answers(run, described);
  const pending = pendingActivities(described);
  return {
    workflowId,
    status: statusText(described),
    taskQueue: described.taskQueue,
    startedAt: described.startTime.toISOString(),
    closedAt: described.closeTime?.toISOString(),
    troubles: troublesOf(pending),
    heldBack: heldBackOf(pending, answered.progress?.steps ?? []),
    ...(described.status.name === 'FAILED' && { failure: await failureOf(run) }),
    url: uiLink(session, workflowId),
    ...answered,
  };
}

type Answers = Pick<RunStatus, 'answered' | 'progress' | 'ledger'>;

async function answers(run: RunHandle, described: WorkflowExecutionDescription): Promise<Answers> {
  try {
    return { answered: true, progress: await wholeProgress(run), ledger: await run.ledger() };
  } catch (error) {
    // Only silence has another source; an answer that cannot be understood is a bug to be seen.
    const isSilent = error instanceof NoAnswerError || isGrpcServiceError(error);
    if (!isSilent && !(error instanceof Error && isGrpcServiceError(error.cause))) throw error;
    const result = described.status.name === 'RUNNING' ? undefined : await resultOf(run);
    return { answered: false, ...(result && { progress: progressFrom(result), ledger: result.ledger }) };
  }
}

async function resultOf(run: RunHandle): Promise<PipelineResult | undefined> {
  try {
    return await run.result();
  } catch (error) {
    return error instanceof RunFailedError ? error.failure.result : undefined;
  }
}

async function failureOf(run: RunHandle): Promise<string | undefined> {
  try {
    await run.result();
    return undefined;
  } catch (error) {
    if (!(error instanceof RunFailedError)) throw error;
    return `${error.failure.type}: ${error.failure.message}`;
  }
}

async function show(session: Session, found: RunStatus): Promise<void> {
  const style = outStyle();
  const { width } = sizeOf(process.stdout);
  print(`${style('strong', found.workflowId)}  ${headLine(found, Date.now())}`);
  if (found.url !== undefined) print(style('quiet', found.url));
  if (leftUnstopped(found.status))
    print(style('warn', fitted(leftUnstoppedText(found.workflowId, found.status), process.stdout)));
  if (!found.answered) {
    const { taskQueue } = found;
    const what = found.progress ? 'this is from its result' : 'so only what Temporal itself knows is shown';
    print(
      style('warn', `No worker answers on task queue "${taskQueue}"; ${what}. Start one with: ${invocation('worker')}`),
    );
  }
  print('');
  if (found.progress) {
    const drawing = { width, height: Number.POSITIVE_INFINITY, style, now: Date.now() };
    for (const line of progressLines({ steps: found.progress.steps, totals: found.progress }, drawing)) print(line);
  }
  for (const line of concernLines(found, width, style)) print(line);
  if (found.ledger && found.status !== 'running') {
    const models = await modelsOf(session.research, found.workflowId);
    print('');
    for (const line of costLines(found.ledger, models)) print(style('quiet', fitted(line, process.stdout)));
  }
}
