import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { type FailureType, isRetryable } from '../contract/failures';
import { ProviderError } from '../openai/port';

type FailureOptions = { nextRetryDelayMs?: number; details?: unknown[] };

/** A failure that Temporal retries or not by its type alone. */
export function failure(
  type: FailureType,
  message: string,
  { nextRetryDelayMs, details }: FailureOptions = {},
): ApplicationFailure {
  const made = ApplicationFailure.create({
    type,
    message,
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

/** Runs a call to the provider; what it throws carries the retry decision in its type, and `details` where given. */
export async function asActivity<T>(call: () => Promise<T>, details?: unknown[]): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw failure(error.type, error.message, { nextRetryDelayMs: error.retryAfterMs, details });
  }
}

/** Refuses to begin what nobody waits for any more. */
export function assertBeforeDeadline({ stepId, deadlineAt }: { stepId: string; deadlineAt: number }): void {
  if (Date.now() < deadlineAt) return;
  throw failure('DeadlineExceeded', `the deadline of step "${stepId}" passed before its response was created`);
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
