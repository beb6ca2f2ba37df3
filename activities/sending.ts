import { ActivityCancelledError } from '@temporalio/client';
import { activityInfo, CancelledFailure, Context } from '@temporalio/activity';
import { type Sending } from '../contract/activities';

/**
 * Tells Temporal, durably, that the next thing this attempt does is the POST. A worker that dies before this call has
 * certainly created nothing; only one that dies after it leaves an ambiguous create. An awaited call and not
 * `heartbeat()`, whose details may wait in memory and die with the worker.
 * @throws CancelledFailure when the run was cancelled meanwhile: then nothing needs to be created.
 */
export async function markSending(sending: Sending): Promise<void> {
  await heartbeatNow(sending);
}

/** An attempt before this one may have been refused after its mark; this one has sent nothing yet. */
export async function clearSending(): Promise<void> {
  if (activityInfo().attempt > 1) await heartbeatNow({ sending: false });
}

/**
 * A heartbeat that Temporal has when this returns.
 * @throws CancelledFailure when the run was cancelled meanwhile.
 */
export async function heartbeatNow(details: unknown): Promise<void> {
  const { taskToken } = activityInfo();
  try {
    await Context.current().client.activity.heartbeat(taskToken, details);
  } catch (error) {
    if (error instanceof ActivityCancelledError) throw new CancelledFailure('cancelled before it was begun');
    throw error;
  }
}
