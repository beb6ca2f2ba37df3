import { type WorkflowExecutionDescription } from '@temporalio/client';

/** An activity that Temporal holds for a run, as `describe` tells it. */
export interface PendingActivity {
  activityId: string;
  activityType: string;
  attempt: number;
  /** What the last attempt said, for example why it waits. */
  lastFailure?: { type: string; message: string };
}

/** Failure type of the wait for a response: the normal life of a step. */
const WAITING = 'ResponsePending';

/** Activities that a run waits for. */
export function pendingActivities({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): PendingActivity[] {
  return (raw.pendingActivities ?? []).map(({ activityId, activityType, attempt, lastFailure }) => ({
    activityId: activityId ?? '',
    activityType: activityType?.name ?? '',
    attempt: attempt ?? 1,
    ...(lastFailure && {
      lastFailure: { type: lastFailure.applicationFailureInfo?.type ?? '', message: lastFailure.message ?? '' },
    }),
  }));
}

/** Why activities are being tried again: a provider that cannot be reached, a rate limit. Waiting is no trouble. */
export function troublesOf(pending: readonly PendingActivity[]): string[] {
  const texts = pending.flatMap(({ lastFailure }) =>
    lastFailure?.message && lastFailure.type !== WAITING ? [lastFailure.message] : [],
  );
  return [...new Set(texts)];
}
