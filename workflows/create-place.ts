import type { Priority } from '@temporalio/common';
import { fromZod } from '../contract/issues';
import { type RunPriority, runPrioritySchema } from '../contract/priority';
import { type CreatePlace } from './activities';
import { invalidInput } from './failures';
import { type Turn } from './turn';

/** What a step does whose create waits in the queue of all runs. */
export const WAITING_FOR_TURN = 'waiting for its turn to create';

/** Where creates have a limit they may wait for longer than their step has time: then nothing is sent. */
export function createPlaceOf({ run, deadlineAt }: Turn): CreatePlace {
  const { priority, record } = run;
  const { createTaskQueue: taskQueue } = record;
  return {
    ...(priority && { priority }),
    ...(taskQueue !== undefined && { taskQueue, scheduleToStartTimeout: Math.max(1, deadlineAt - Date.now()) }),
  };
}

/**
 * In Temporal's terms, undefined where the run says nothing: then that of its workflow counts.
 * @throws ApplicationFailure `InvalidInput` for one that Temporal would refuse with every create.
 */
export function priorityOf({ priority, fairnessKey, fairnessWeight }: RunPriority): Priority | undefined {
  const asked = { priority, fairnessKey, fairnessWeight };
  const parsed = runPrioritySchema.safeParse(asked);
  if (!parsed.success) {
    throw invalidInput('input of openRun', fromZod(parsed.error, asked));
  }
  if (Object.values(asked).every((value) => value === undefined)) return undefined;
  return { priorityKey: priority, fairnessKey, fairnessWeight };
}
