import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { type FailureType, isRetryable } from '../contract/failures';
import { ProviderError } from '../openai/port';

/** A failure that Temporal retries or not by its type alone. */
export function failure(type: FailureType, message: string, nextRetryDelayMs?: number): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !isRetryable(type),
    nextRetryDelay: nextRetryDelayMs,
    // Waiting and rate limits are the normal life of a step: no error log, no failure metric.
    category: isRetryable(type) ? ApplicationFailureCategory.BENIGN : undefined,
  });
}

/** Runs a call to the provider; what it throws carries the retry decision in its type. */
export async function asActivity<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ProviderError) throw failure(error.type, error.message, error.retryAfterMs);
    throw error;
  }
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
