import { activityInfo } from '@temporalio/activity';
import { type AwaitResponseInput } from '../contract/activities';
import { type Collected } from '../contract/outcome';
import { isRetryable } from '../contract/failures';
import { ProviderError } from '../openai';
import { type ActivityDeps, type AnnouncedBy, type PendingWait } from './deps';
import { asActivity, assertOrigin, failure, unquoted } from './failures';
import { look } from './look';

/** Bounds of the delay until the next look, should the announcement be lost; in milliseconds. */
const FALLBACK: Record<AnnouncedBy, { min: number; max: number }> = {
  watcher: { min: 10_000, max: 60_000 },
  // Each look is an attempt of an activity, and a webhook that is sent again arrives within minutes.
  webhook: { min: 60_000, max: 300_000 },
};
/** So long after its end at most an announcement arrives, the first attempt to deliver a webhook included. */
const ANNOUNCED_WITHIN_MS = 10_000;
/** A provider that does not know a response of this age any more has never kept it. */
const FRESH_MS = 60_000;
/** How long past its deadline a step waits for a provider that cannot be asked: a finished response is paid for. */
const UNREACHABLE_GRACE_MS = 600_000;
/** How long after its create a response may be unknown to the part of the provider that is asked. */
const UNKNOWN_GRACE_MS = 5_000;

/**
 * One look at a response, unless this worker watches it already. While it is pending the activity fails with a benign `ResponsePending` and backs off, holding
 * neither a slot nor memory; an announcer completes it by its id, and the back-off is only the fallback for a lost one.
 */
export async function awaitResponse(deps: ActivityDeps, input: AwaitResponseInput): Promise<Collected> {
  assertOrigin(deps.provider.origin, input.origin);
  // Only a provider that has not been seen to keep responses can have forgotten it.
  const fresh = deps.background.known !== 'full' && Date.now() - input.createdAt < FRESH_MS;
  const collected = isLookedAt(deps, input)
    ? undefined
    : await asActivity(
        () => lookOrBackOff(deps, input, fresh),
        () => [{ fresh }],
      );
  if (collected) {
    if (wasMissed(collected)) deps.announcer.missed(waitOf(input));
    return { ...collected, announcedBy: 'look' };
  }
  const now = Date.now();
  // Judged after the look: a response that ended while everything was down is used, deadline or not.
  if (now >= input.deadlineAt) {
    throw failure(
      'DeadlineExceeded',
      `response ${input.responseId} of step "${input.stepId}" had not ended at the step's deadline`,
    );
  }
  const announcedBy = deps.announcer.watch(waitOf(input));
  const seconds = Math.round((now - input.createdAt) / 1000);
  throw failure(
    'ResponsePending',
    `waiting, not an error: response ${input.responseId} has not ended after ${seconds} s`,
    { nextRetryDelayMs: fallbackMs(input, announcedBy, now) },
  );
}

/** Its watcher is alive and has nothing to judge: another look would only cost a request. */
function isLookedAt({ announcer }: ActivityDeps, input: AwaitResponseInput): boolean {
  const { responseId, deadlineAt, queuedUntil = Infinity } = input;
  return announcer.watches(responseId) && Date.now() < Math.min(deadlineAt, queuedUntil);
}

/** An end that should have been announced before this look, which often comes at the same moment. */
function wasMissed({ completedAt }: Collected): boolean {
  return activityInfo().attempt > 1 && completedAt !== undefined && Date.now() - completedAt > ANNOUNCED_WITHIN_MS;
}

function waitOf(input: AwaitResponseInput): PendingWait {
  const { workflowExecution, activityId } = activityInfo();
  return { workflowId: workflowExecution?.workflowId ?? '', activityId, input };
}

/** Half the time waited, within bounds, and never past an instant at which the look has something to judge. */
export function fallbackMs(
  { createdAt, deadlineAt, queuedUntil = 0 }: Pick<AwaitResponseInput, 'createdAt' | 'deadlineAt' | 'queuedUntil'>,
  announcedBy: AnnouncedBy,
  now: number,
): number {
  const { min, max } = FALLBACK[announcedBy];
  const half = Math.min(max, Math.max(min, (now - createdAt) / 2));
  const judged = queuedUntil > now ? Math.min(queuedUntil, deadlineAt) : deadlineAt;
  return Math.max(1, Math.min(half, judged - now));
}

/** A provider that cannot be asked for a while is asked by the watcher: an attempt of an activity costs far more. */
async function lookOrBackOff(
  deps: ActivityDeps,
  input: AwaitResponseInput,
  fresh: boolean,
): Promise<Collected | undefined> {
  try {
    const collected = await unquoted(input, () => look(deps, input));
    deps.background.learn('full');
    return collected;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const now = Date.now();
    if (error.type === 'ResponseLost' && now < input.createdAt + UNKNOWN_GRACE_MS) {
      throw new ProviderError(
        'ProviderUnavailable',
        `${input.responseId} is new, and asked for again although the provider does not know it: ${error.message}`,
        1_000,
      );
    }
    if (error.type === 'ResponseLost' && fresh) deps.background.learn('none');
    if (!isRetryable(error.type)) throw error;
    if (now >= input.deadlineAt + UNREACHABLE_GRACE_MS) {
      throw new ProviderError(
        'DeadlineExceeded',
        `step "${input.stepId}" is past its deadline and the provider cannot be asked about ${input.responseId}: ${error.message}`,
      );
    }
    const announcedBy = deps.announcer.watch(waitOf(input), error.retryAfterMs);
    throw new ProviderError(
      error.type,
      error.message,
      nextAskMs(input, announcedBy, { now, retryAfterMs: error.retryAfterMs }),
    );
  }
}

/** As long as the provider asks for, but not past the deadline: the response may have ended long before. */
function nextAskMs(
  input: AwaitResponseInput,
  announcedBy: AnnouncedBy,
  { now, retryAfterMs = 0 }: { now: number; retryAfterMs?: number },
): number {
  if (now >= input.deadlineAt) return Math.max(FALLBACK.watcher.min, retryAfterMs);
  return Math.min(Math.max(fallbackMs(input, announcedBy, now), retryAfterMs), input.deadlineAt - now);
}
