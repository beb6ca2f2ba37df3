import { type WorkflowExecutionDescription } from '@temporalio/client';
import { awaitActivityId, createdStepId } from '../contract/names';
import { type StepProgress } from '../contract/progress';

/** An activity that Temporal holds for a run, as `describe` tells it. */
export interface PendingActivity {
  activityId: string;
  activityType: string;
  attempt: number;
  /** What the last attempt said, for example why it waits. */
  lastFailure?: { type: string; message: string };
  /** Since when its first attempt waits for a worker, in milliseconds since 1970; undefined once one has begun. */
  queuedSince?: number;
  /** When it is tried again, in milliseconds since 1970; undefined while an attempt runs. */
  nextTryAt?: number;
}

/** A step that waits because the provider asks it to: a reason and no error. */
export interface HeldBack {
  /** Undefined where nothing tells which step it is. */
  stepId?: string;
  /** What holds it back, such as `the provider's rate limit`. */
  by: string;
  /** Milliseconds since 1970; undefined while a try is under way. */
  nextTryAt?: number;
  /** True for a create that waits for its turn among those of all runs, and has not been tried. */
  queued?: boolean;
}

/** Failure type of the wait for a response: the normal life of a step. */
const WAITING = 'ResponsePending';
/** Failure types by which the provider asks for patience. */
const PATIENCE: Partial<Record<string, string>> = {
  RateLimited: "the provider's rate limit",
  HeldBack: "the provider's rate limit",
  ConversationBusy: 'another response in its conversation',
};

/** `PENDING_ACTIVITY_STATE_SCHEDULED`: no worker has taken it. */
const SCHEDULED = 1;
/** So long a create waits for its turn at least before that is worth a word. */
const QUEUED_MS = 1_000;

/** Activities that a run waits for. */
export function pendingActivities({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): PendingActivity[] {
  return (raw.pendingActivities ?? []).map(
    ({ activityId, activityType, attempt, state, scheduledTime, lastFailure, nextAttemptScheduleTime: next }) => ({
      activityId: activityId ?? '',
      activityType: activityType?.name ?? '',
      attempt: attempt ?? 1,
      ...(lastFailure && {
        lastFailure: { type: lastFailure.applicationFailureInfo?.type ?? '', message: lastFailure.message ?? '' },
      }),
      ...(Number(state) === SCHEDULED &&
        !lastFailure &&
        scheduledTime?.seconds && { queuedSince: milliseconds(scheduledTime) }),
      ...(next?.seconds && { nextTryAt: milliseconds(next) }),
    }),
  );
}

function milliseconds({ seconds, nanos }: { seconds?: unknown; nanos?: number | null }): number {
  return Number(seconds) * 1_000 + Math.round((nanos ?? 0) / 1e6);
}

/** Why activities are being tried again, such as a provider that cannot be reached. Waiting and patience are no trouble. */
export function troublesOf(pending: readonly PendingActivity[]): string[] {
  const texts = pending.flatMap(({ lastFailure }) =>
    lastFailure?.message && lastFailure.type !== WAITING && !PATIENCE[lastFailure.type] ? [lastFailure.message] : [],
  );
  return [...new Set(texts)];
}

/** Which steps wait because the provider asks them to. */
export function heldBackOf(
  pending: readonly PendingActivity[],
  steps: readonly Pick<StepProgress, 'id' | 'responseId'>[],
  now = Date.now(),
): HeldBack[] {
  return pending.flatMap(({ activityId, lastFailure, nextTryAt, queuedSince = now }): HeldBack[] => {
    const created = createdStepId(activityId);
    if (created !== undefined && now - queuedSince >= QUEUED_MS) {
      return [{ stepId: created, by: 'the creates of all runs', queued: true }];
    }
    const by = PATIENCE[lastFailure?.type ?? ''];
    if (by === undefined) return [];
    const waited = steps.find(
      ({ responseId }) => responseId !== undefined && activityId === awaitActivityId(responseId),
    );
    return [{ stepId: created ?? waited?.id, by, nextTryAt }];
  });
}

/** `explain: held back by the provider's rate limit, next try in 12 s`. */
export function heldBackText({ stepId, by, nextTryAt, queued }: HeldBack, now: number): string {
  const seconds = Math.ceil(((nextTryAt ?? 0) - now) / 1_000);
  const again = seconds > 0 ? `next try in ${seconds} s` : 'tried again now';
  const next = queued ? 'waiting for its turn' : again;
  return `${stepId === undefined ? '' : `${stepId}: `}held back by ${by}, ${next}`;
}
