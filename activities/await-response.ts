import { activityInfo } from '@temporalio/activity';
import { type AwaitResponseInput } from '../contract/activities';
import { type Collected } from '../contract/outcome';
import { isRetryable } from '../contract/failures';
import { ProviderError } from '../openai';
import { type ActivityDeps } from './deps';
import { asActivity, assertOrigin, failure } from './failures';
import { look } from './look';

const MIN_FALLBACK_MS = 10_000;
const MAX_FALLBACK_MS = 60_000;
/** How long past its deadline a step waits for a provider that cannot be asked: a finished response is paid for. */
const UNREACHABLE_GRACE_MS = 600_000;

/**
 * One look at a response. While it is pending the activity fails with a benign `ResponsePending` and backs off, holding
 * neither a slot nor memory; an announcer completes it by its id, and the back-off is only the fallback for a lost one.
 */
export async function awaitResponse(deps: ActivityDeps, input: AwaitResponseInput): Promise<Collected> {
  assertOrigin(deps.provider.origin, input.origin);
  const collected = await asActivity(() => lookOrGiveUp(deps, input));
  if (collected) return collected;
  const now = Date.now();
  // Judged after the look: a response that ended while everything was down is used, deadline or not.
  if (now >= input.deadlineAt) {
    throw failure(
      'DeadlineExceeded',
      `response ${input.responseId} of step "${input.stepId}" had not ended at the step's deadline`,
    );
  }
  const { workflowExecution, activityId } = activityInfo();
  if (workflowExecution) deps.announcer.watch({ workflowId: workflowExecution.workflowId, activityId, input });
  const seconds = Math.round((now - input.createdAt) / 1000);
  throw failure(
    'ResponsePending',
    `waiting, not an error: response ${input.responseId} has not ended after ${seconds} s`,
    fallbackMs(input, now),
  );
}

/** Half the time waited, within bounds, and never past the deadline. */
export function fallbackMs(
  { createdAt, deadlineAt }: Pick<AwaitResponseInput, 'createdAt' | 'deadlineAt'>,
  now: number,
): number {
  const half = Math.min(MAX_FALLBACK_MS, Math.max(MIN_FALLBACK_MS, (now - createdAt) / 2));
  return Math.max(1, Math.min(half, deadlineAt - now));
}

async function lookOrGiveUp(deps: ActivityDeps, input: AwaitResponseInput): Promise<Collected | undefined> {
  try {
    return await look(deps, input);
  } catch (error) {
    const late = Date.now() >= input.deadlineAt + UNREACHABLE_GRACE_MS;
    if (!late || !(error instanceof ProviderError) || !isRetryable(error.type)) throw error;
    throw new ProviderError(
      'DeadlineExceeded',
      `step "${input.stepId}" is past its deadline and the provider cannot be asked about ${input.responseId}: ${error.message}`,
    );
  }
}
