import { Worker, type WorkerOptions } from '@temporalio/worker';
import { type ResearchActivities } from '../activities';

/** Name of the task queue of creates alone, beside the task queue of a worker. Part of the records of runs. */
export function createsTaskQueue(taskQueue: string): string {
  return `${taskQueue}.creates`;
}

/** Each poll waits for a task; a create takes long beside the way to it. */
const POLLS = 2;

/** What the workers of both queues share, and what this one needs besides. */
export interface CreatesWorkerOptions {
  /** Of the worker beside this one: connection, namespace, task queue, data converter, versions, times of shutdown. */
  shared: WorkerOptions & { taskQueue: string };
  activities: ResearchActivities;
  /** Creates a minute of all workers together; undefined: as many as come. */
  requestsPerMinute?: number;
}

/**
 * A worker for the queue of creates. It is always there: runs that were begun while creates had a limit go on where the
 * setting has been taken away. The limit is held by the Temporal server, for all workers together; the last one that
 * polls tells it.
 */
export function createCreatesWorker({ shared, activities, requestsPerMinute }: CreatesWorkerOptions): Promise<Worker> {
  const { taskQueue, ...rest } = shared;
  return Worker.create({
    ...rest,
    taskQueue: createsTaskQueue(taskQueue),
    activities: {
      'durableResearch.createResponse': activities['durableResearch.createResponse'],
      'durableResearch.streamResponse': activities['durableResearch.streamResponse'],
    } satisfies Partial<ResearchActivities>,
    maxConcurrentActivityTaskPolls: POLLS,
    ...(requestsPerMinute !== undefined && { maxTaskQueueActivitiesPerSecond: requestsPerMinute / 60 }),
  });
}
