import { type Client, isGrpcCancelledError, isGrpcDeadlineError } from '@temporalio/client';
import { NoAnswerError } from './errors';

/** A server that does not answer is asked again by the SDK for 20 s, and a query without a worker hangs for longer. */
const ANSWER_TIMEOUT_MS = 5_000;
/** Where a worker is there, it is slow: on a busy machine an answer takes its time. */
const SLOW_TIMEOUT_MS = 15_000;
/** A poll lasts a minute; one that is older was a worker that is gone. */
const POLLED_WITHIN_MS = 75_000;
/** `TASK_QUEUE_TYPE_WORKFLOW` of Temporal's API. */
const WORKFLOW_QUEUE = 1;

/** Waits for an answer as long as a server needs that is there. */
export function inTime<T>(client: Client, call: () => Promise<T>, ms = ANSWER_TIMEOUT_MS): Promise<T> {
  return client.withDeadline(Date.now() + ms, call);
}

/** Something that a worker answers for a run. */
export interface Question<T> {
  workflowId: string;
  /** May be called a second time, whatever became of the first. */
  call: () => Promise<T>;
  /** Task queue of the run, where a worker is looked for when none answers. */
  taskQueue: () => Promise<string>;
  /** True for an update: the server hands it to a worker also when the caller has left. */
  mayBeTaken?: boolean;
}

/**
 * Asks a worker, and once more where one polls and has not answered in time.
 * @throws NoAnswerError where none polls, or the second answer does not come in time either.
 */
export async function answerOf<T>(client: Client, question: Question<T>): Promise<T> {
  try {
    return await inTime(client, question.call);
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    const taskQueue = await question.taskQueue();
    if (!(await isPolled(client, taskQueue))) throw noAnswer(question, error, { taskQueue, polled: false });
    return await askAgain(client, question, taskQueue);
  }
}

async function askAgain<T>(client: Client, question: Question<T>, taskQueue: string): Promise<T> {
  try {
    return await inTime(client, question.call, SLOW_TIMEOUT_MS);
  } catch (error) {
    throw isUnanswered(error) ? noAnswer(question, error, { taskQueue, polled: true }) : error;
  }
}

function noAnswer(
  { workflowId, mayBeTaken = false }: Question<unknown>,
  cause: Error,
  found: { taskQueue: string; polled: boolean },
): NoAnswerError {
  return new NoAnswerError(workflowId, { ...found, mayBeTaken }, { cause });
}

/** A call that came to the end of its time, which an update tells as a cancel. */
function isUnanswered(error: unknown): error is Error {
  return isGrpcDeadlineError(error) || isGrpcCancelledError(error);
}

async function isPolled(client: Client, taskQueue: string): Promise<boolean> {
  const { namespace } = client.options;
  const asked = { namespace, taskQueue: { name: taskQueue }, taskQueueType: WORKFLOW_QUEUE };
  const { pollers } = await inTime(client, () => client.workflowService.describeTaskQueue(asked));
  const since = Date.now() - POLLED_WITHIN_MS;
  return pollers.some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > since);
}
