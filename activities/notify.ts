import { type Notification } from '../contract/activities';
import { type ActivityDeps } from './deps';

/** Tells the receiver that the worker is configured with about the end of a run. */
export async function notify(deps: ActivityDeps, notification: Notification): Promise<void> {
  await deps.notify?.(notification);
}
