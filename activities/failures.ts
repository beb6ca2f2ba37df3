import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { type FailureType, isRetryable } from '../contract/failures';
import { type InputIssue, InvalidInputError } from '../contract/issues';
import { ProviderError } from '../openai/port';

type FailureOptions = { nextRetryDelayMs?: number; details?: unknown[] };

/** Why a text has to be short: nothing keeps a long one. */
export const WITHOUT_STORE =
  'where outputs are kept at the provider alone; set DURABLE_RESEARCH_STORE to "files" or a bucket';

/** @throws ApplicationFailure `InvalidInput` for a run's input that has issues. */
export function refuseInput(issues: readonly InputIssue[]): void {
  if (issues.length > 0) throw failure('InvalidInput', new InvalidInputError('input', issues).message);
}

/** A failure that Temporal retries or not by its type alone. */
export function failure(
  type: FailureType,
  message: string,
  { nextRetryDelayMs, details }: FailureOptions = {},
): ApplicationFailure {
  const made = ApplicationFailure.create({
    type,
    // Half of a sign, as a text that was cut may hold, has no UTF-8: the worker that sends one is stopped by its core.
    message: message.toWellFormed(),
    nonRetryable: !isRetryable(type),
    nextRetryDelay: nextRetryDelayMs,
    details,
    // Waiting and rate limits are the normal life of a step: no error log, no failure metric.
    category: isRetryable(type) ? ApplicationFailureCategory.BENIGN : undefined,
  });
  // The type and the message tell everything; where it was thrown would fill Temporal's tools with lines of paths.
  made.stack = '';
  return made;
}

/** Runs a call to the provider; what it throws carries the retry decision in its type, and details where given. */
export async function asActivity<T>(
  call: () => Promise<T>,
  detailsOf?: (error: ProviderError) => unknown[],
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw failure(error.type, error.message, { nextRetryDelayMs: error.retryAfterMs, details: detailsOf?.(error) });
  }
}

/**
 * Runs a call of a step whose output is redacted, or not: then a failure of it tells nothing that the provider said,
 * which may quote what was sent or answered.
 */
export async function unquoted<T>({ redact }: { redact?: boolean }, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!redact || !(error instanceof ProviderError)) throw error;
    const { type, refusedMode, retryAfterMs } = error;
    throw new ProviderError(type, error.unquoted, retryAfterMs, { refusedMode });
  }
}

/** Until when a step may be at work. */
export type Deadline = { stepId: string; deadlineAt: number };

/**
 * Runs a call that nobody needs after the step's deadline: a refusal that leaves no time for another attempt is the
 * step's end, and says why.
 */
export async function beforeDeadline<T>({ stepId, deadlineAt }: Deadline, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ProviderError) || !isRetryable(error.type)) throw error;
    const delay = error.retryAfterMs ?? backOffMs(activityInfo().attempt);
    if (Date.now() + delay < deadlineAt) throw error;
    const message = `no time is left for another attempt before the deadline of step "${stepId}": ${error.message}`;
    throw new ProviderError('DeadlineExceeded', message);
  }
}

/** What Temporal waits after this attempt, by the retry policy of the workflow. */
function backOffMs(attempt: number): number {
  return Math.min(30_000, 1_000 * 2 ** (attempt - 1));
}

/** Refuses to begin what nobody waits for any more. */
export function assertBeforeDeadline({ stepId, deadlineAt }: Deadline): void {
  if (Date.now() < deadlineAt) return;
  throw failure('DeadlineExceeded', `the deadline of step "${stepId}" passed before its response was created`);
}

/** Why an attempt waits for another worker: in a deploy those of both builds are at work. */
export function toolUnavailable(stepId: string, name: string): string {
  return `step "${stepId}" uses the tool "${name}", which this worker has not registered; it is tried again until a worker has it, or until the step's deadline`;
}

/** The same of an MCP server. */
export function serverUnavailable(server: string): string {
  return `this worker has no MCP server "${server}"; it is tried again until a worker has it`;
}

/** Refuses work of a run that began at another provider. */
export function assertOrigin(own: string, ofRun: string): void {
  if (own === ofRun) return;
  throw failure(
    'ProviderMismatch',
    `this run began at provider "${ofRun}", but this worker talks to "${own}"; ` +
      'start a worker with the former OPENAI_BASE_URL, or start a new run',
  );
}
