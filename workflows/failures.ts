import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import { lookDetailsSchema, type Sending, sendingSchema } from '../contract/activities';
import { type FailureType, failureTypeSchema } from '../contract/failures';
import { type InputIssue, InvalidInputError } from '../contract/issues';
import { createdStepId } from '../contract/names';
import { type Failure } from '../contract/outcome';

/**
 * The engine's own failure in what an activity threw; undefined for everything else, which is a bug or a cancel and
 * must not be turned into a step's outcome.
 */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  if (cause instanceof TimeoutFailure) {
    if (isTurnMissed(error)) {
      return { type: 'DeadlineExceeded', message: `${error.activityId} had not got its turn by the step's deadline` };
    }
    return { type: 'ProviderUnavailable', message: `${error.activityType} timed out: ${cause.message}` };
  }
  return ownFailure(cause);
}

/** A create that waited in the queue of creates for as long as its step had time. */
function isTurnMissed({ cause, activityId }: ActivityFailure): boolean {
  return (
    cause instanceof TimeoutFailure &&
    cause.timeoutType === 'SCHEDULE_TO_START' &&
    createdStepId(activityId ?? '') !== undefined
  );
}

/** Type and message of a failure that the engine itself has made. */
export function ownFailure(error: unknown): Failure | undefined {
  if (!(error instanceof ApplicationFailure)) return undefined;
  const type = failureTypeSchema.safeParse(error.type);
  return type.success ? { type: type.data, message: error.message } : undefined;
}

/** How a create ended that did not return an id: for certain without a response, or perhaps with one. */
export type LostCreate = {
  sent: boolean;
  reason: string;
  newestItem?: string | null;
  /** What the provider asked to wait. */
  retryAfterMs?: number;
  /** With which the step ends, whatever the run's policy. */
  final?: Failure;
};

/**
 * A create that Temporal does not retry and that is no refusal: the activity called it ambiguous, or its worker died.
 * A worker that died before it marked the POST as sent has created nothing.
 */
export function lostCreate(error: unknown): LostCreate | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  // Attempts before this one were refused, whatever they had marked.
  if (isTurnMissed(error)) return undefined;
  if (cause instanceof TimeoutFailure) {
    const reason = 'the worker did not report the answer of this create in time; it may have died';
    const { sending: sent, newestItem } = sendingOf(cause.lastHeartbeatDetails);
    return { sent, reason, newestItem };
  }
  const failure = failureOf(error);
  if (!failure || !(cause instanceof ApplicationFailure)) return undefined;
  const { closed, newestItem, retryAfterMs } = sendingOf(cause.details?.[0]);
  // A stream that was closed at its deadline has used something, and nobody knows how much.
  const final = failure.type === 'DeadlineExceeded' && closed ? failure : undefined;
  if (failure.type !== 'CreateAmbiguous' && !final) return undefined;
  return { sent: true, reason: cause.message, newestItem, retryAfterMs, final };
}

/** True for a response that the provider did not know right after it had accepted it. */
export function isForgotten(error: unknown): boolean {
  if (failureOf(error)?.type !== 'ResponseLost') return false;
  const details = error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.details;
  return lookDetailsSchema.safeParse(details && details[0]).data?.fresh ?? false;
}

function sendingOf(details: unknown): Sending {
  return sendingSchema.safeParse(details).data ?? { sending: false };
}

/** Name of whatever an activity ended with, for telemetry: the engine's own failure type, or Temporal's. */
export function failureName(error: unknown): string {
  if (isCancellation(error)) return 'Cancelled';
  if (lostCreate(error)?.sent) return 'CreateAmbiguous';
  const failure = failureOf(error);
  if (failure) return failure.type;
  return error instanceof ActivityFailure && error.cause ? error.cause.name : 'Error';
}

/** What an activity said last, whatever it threw. */
export function lastWords(error: unknown): string {
  const innermost = error instanceof ActivityFailure && error.cause ? error.cause : error;
  return innermost instanceof Error ? innermost.message : String(innermost);
}

/** The failure of a run, or of a step of a user's own workflow, whose input cannot be used. */
export function invalidInput(what: string, issues: readonly InputIssue[]): ApplicationFailure {
  return runFailure('InvalidInput', new InvalidInputError(what, issues).message);
}

/** A failure that ends the run. It has no stack: type and message tell everything, and lines of paths hide it. */
export function runFailure(type: FailureType, message: string, details?: unknown[]): ApplicationFailure {
  const failure = ApplicationFailure.create({ type, message: message.toWellFormed(), nonRetryable: true, details });
  failure.stack = '';
  return failure;
}
