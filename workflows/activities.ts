import type { ActivityOptions, Duration } from '@temporalio/common';
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ResearchActivities } from '../activities';

/** Reads and small writes at the worker: tried until they work. */
export function quick(summary: string): ResearchActivities {
  return proxyActivities<ResearchActivities>({
    startToCloseTimeout: '30s',
    retry: { initialInterval: '1s', maximumInterval: '30s' },
    summary,
  });
}

/**
 * Where creates are sent, and in which order. `scheduleToStartTimeout` ends one that waits for its turn for too long: it
 * has sent nothing.
 */
export type CreatePlace = Pick<ActivityOptions, 'taskQueue' | 'scheduleToStartTimeout' | 'priority'>;

/**
 * A create is never retried after it may have been accepted: the time-out of a killed worker ends it too.
 * The cancel of a run waits for its answer, or the id of a response that runs would be lost.
 * Its activity id names the step, so that a replay notices when steps have changed places.
 */
export function create(
  activityId: string,
  { timeoutMs, summary, place }: { timeoutMs: number; summary: string; place: CreatePlace },
): ResearchActivities {
  return proxyActivities<ResearchActivities>({
    ...place,
    activityId,
    startToCloseTimeout: timeoutMs + CREATE_MARGIN_MS,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: '1s',
      maximumInterval: '30s',
      nonRetryableErrorTypes: ['TemporalTimeout:StartToClose'],
    },
    summary,
  });
}

/**
 * A create whose response may run in the foreground, so that its answer is its end. It heartbeats, which shows a killed
 * worker and brings the cancel of a run; what was sent is booked then, so the cancel waits for it.
 */
export function streamed(
  activityId: string,
  options: { timeoutMs: number; deadlineAt: number; summary: string; place: CreatePlace },
): ResearchActivities {
  const { timeoutMs, deadlineAt, summary, place } = options;
  return proxyActivities<ResearchActivities>({
    ...place,
    activityId,
    // The activity judges the deadline itself.
    startToCloseTimeout: Math.max(0, deadlineAt - Date.now()) + timeoutMs + STREAM_MARGIN_MS,
    heartbeatTimeout: timeoutMs + CREATE_MARGIN_MS,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: '1s',
      maximumInterval: '30s',
      nonRetryableErrorTypes: ['TemporalTimeout:StartToClose', 'TemporalTimeout:Heartbeat'],
    },
    summary,
  });
}

/** Time beside the stream itself: reading the context, storing the output. */
const STREAM_MARGIN_MS = 60_000;
/** Time beside the POST itself: reading the context, writing the prompt. */
const CREATE_MARGIN_MS = 5_000;

/**
 * The wait for a response. An attempt is one look. No schedule-to-close: with it, a server that was down past the
 * deadline would throw a finished, paid response away; the look judges the deadline instead.
 */
export function wait(activityId: string, summary: string): ResearchActivities {
  return proxyActivities<ResearchActivities>({
    activityId,
    startToCloseTimeout: '30s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    // Only for looks that died with their worker: every other failure brings its own delay.
    retry: { initialInterval: '5s', backoffCoefficient: 1 },
    summary,
  });
}

/**
 * The call of a tool. Heartbeats show a killed worker, and bring the cancel of a run, which waits for the tool to stop.
 * One that is not idempotent is not tried again after an attempt whose end nobody knows.
 */
export function calls(
  activityId: string,
  options: { timeoutMs: number; idempotent: boolean; deadlineAt: number; summary: string },
): ResearchActivities {
  const { timeoutMs, idempotent, deadlineAt, summary } = options;
  return proxyActivities<ResearchActivities>({
    activityId,
    startToCloseTimeout: timeoutMs + CALL_MARGIN_MS,
    scheduleToCloseTimeout: Math.max(0, deadlineAt - Date.now()) + CALL_MARGIN_MS,
    heartbeatTimeout: '10s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: '1s',
      maximumInterval: '30s',
      nonRetryableErrorTypes: idempotent ? [] : ['TemporalTimeout:StartToClose', 'TemporalTimeout:Heartbeat'],
    },
    summary,
  });
}

/** Time beside the tool's function itself: reading its arguments, its grace, storing its result. */
const CALL_MARGIN_MS = 60_000;

/** The tools of an MCP server, at the start of a run: nothing is paid yet, so one that is not there fails it soon. */
export function listing(summary: string): ResearchActivities {
  return proxyActivities<ResearchActivities>({
    startToCloseTimeout: '45s',
    scheduleToCloseTimeout: '5m',
    retry: { initialInterval: '1s', maximumInterval: '10s' },
    summary,
  });
}

/** What must not hold up the end of a run for longer than this: a provider or receiver may never answer. */
export function bounded(limit: Duration, summary: string): ResearchActivities {
  return proxyActivities<ResearchActivities>({
    startToCloseTimeout: '15s',
    scheduleToCloseTimeout: limit,
    retry: { initialInterval: '1s', maximumInterval: '5s' },
    summary,
  });
}
