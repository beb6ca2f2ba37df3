import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { failureTypeSchema } from '../contract/failures';
import { type Failure } from '../contract/outcome';

/**
 * The engine's own failure in what an activity threw; undefined for everything else, which is a bug or a cancel and
 * must not be turned into a step's outcome.
 */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  if (cause instanceof TimeoutFailure) {
    return { type: 'ProviderUnavailable', message: `${error.activityType} timed out: ${cause.message}` };
  }
  if (!(cause instanceof ApplicationFailure)) return undefined;
  const type = failureTypeSchema.safeParse(cause.type);
  return type.success ? { type: type.data, message: cause.message } : undefined;
}

/** Why a create is ambiguous: the activity said so, or its worker died before it could say anything. */
export function ambiguity(error: unknown): string | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  if (error.cause instanceof TimeoutFailure)
    return 'the worker did not report the answer of this create in time; it may have died';
  return failureOf(error)?.type === 'CreateAmbiguous' ? (error.cause?.message ?? 'CreateAmbiguous') : undefined;
}
