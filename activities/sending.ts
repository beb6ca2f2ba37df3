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
  await mark(sending);
}

/** An attempt before this one may have been refused after its mark; this one has sent nothing yet. */
export async function clearSending(): Promise<void> {
  if (activityInfo().attempt > 1) await mark({ sending: false });
}

async function mark(sending: Sending): Promise<void> {
  const { taskToken } = activityInfo();
  try {
    await Context.current().client.activity.heartbeat(taskToken, sending);
  } catch (error) {
    if (error instanceof ActivityCancelledError) throw new CancelledFailure('cancelled before the create was sent');
    throw error;
  }
}
