import { setTimeout as delay } from 'node:timers/promises';
import { isGrpcServiceError, QueryNotRegisteredError, type WorkflowExecutionDescription } from '@temporalio/client';
import { type PipelineResult } from '../contract/pipeline';
import { type Progress, type StepProgress } from '../contract/progress';
import { NoAnswerError, RunCancelledError, RunFailedError, RunNotFoundError } from './errors';
import { type HeldBack, heldBackOf, type PendingActivity, pendingActivities, troublesOf } from './pending';
import { type RunHandle } from './run-handle';

const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 5_000;

/** Options of following a run. */
export interface FollowOptions {
  /** Time between two questions in milliseconds; default 1 s, growing to 5 s while nothing changes. */
  intervalMs?: number;
  /** Ends the following; the run goes on. */
  signal?: AbortSignal;
}

/** Something to tell about a run. */
export type FollowEvent =
  | {
      kind: 'progress';
      progress: Progress;
      steps: StepProgress[];
      pending: PendingActivity[];
      troubles: string[];
      /** Steps that the provider asks for patience: a reason, no trouble. */
      heldBack: HeldBack[];
    }
  /** Nobody answers: no worker polls the task queue, or the server cannot be reached. The following goes on. */
  | { kind: 'silent'; why: 'no-worker' | 'no-server'; message: string }
  | { kind: 'result'; result: PipelineResult }
  | { kind: 'failed'; error: Error };

/** Merges `progress` queries with the pending activities of `describe` until the run ends; tells each change of either. */
export async function* follow(run: RunHandle, options: FollowOptions = {}): AsyncGenerator<FollowEvent, void> {
  const steps = new Map<string, StepProgress>();
  let since = 0;
  let told = '';
  let interval = options.intervalMs ?? MIN_INTERVAL_MS;
  while (!options.signal?.aborted) {
    const seen = await look(run, since);
    const before = since;
    if (seen.silent) yield seen.silent;
    if (seen.known) {
      const { progress, pending } = seen.known;
      const troubles = troublesOf(pending);
      for (const step of progress.steps) steps.set(step.id, step);
      const heldBack = heldBackOf(pending, [...steps.values()]);
      const held = heldBack.map(({ stepId, nextTryAt }) => `${stepId}@${nextTryAt}`);
      // The description is older than the progress: what is pending may change after the progress has told its news.
      const telling = [...pending.map(({ activityId }) => activityId).toSorted(), ...troubles, ...held].join();
      since = progress.version;
      if (since > before || telling !== told)
        yield { kind: 'progress', progress, steps: [...steps.values()], pending, troubles, heldBack };
      told = telling;
      if (progress.more) continue;
    }
    if (seen.ended) {
      yield await ending(run);
      return;
    }
    interval = nextInterval(interval, since > before, options);
    await pause(interval, options.signal);
  }
}

function nextInterval(interval: number, changed: boolean, options: FollowOptions): number {
  const least = options.intervalMs ?? MIN_INTERVAL_MS;
  return changed ? least : Math.max(least, Math.min(MAX_INTERVAL_MS, interval * 1.25));
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/** What one look finds. Without progress and silence: a workflow that does not answer the query, and only ends. */
type Seen = {
  ended: boolean;
  known?: { progress: Progress; pending: PendingActivity[] };
  silent?: Extract<FollowEvent, { kind: 'silent' }>;
};

async function look(run: RunHandle, since: number): Promise<Seen> {
  let described: WorkflowExecutionDescription | undefined;
  try {
    described = await run.describe();
  } catch (error) {
    return {
      ended: false,
      silent: silence(error, 'no-server', 'the Temporal server does not answer; it may be restarting'),
    };
  }
  if (!described) throw notFound(run);
  const ended = described.status.name !== 'RUNNING';
  try {
    return { ended, known: { progress: await run.progress({ since }), pending: pendingActivities(described) } };
  } catch (error) {
    // A run that was refused before it began, or a workflow of somebody else's: its end is all there is to tell.
    if (error instanceof RunFailedError || error instanceof RunCancelledError) return { ended };
    if (error instanceof QueryNotRegisteredError) return { ended };
    const message = `no worker answers on task queue "${described.taskQueue}"; start one with "durable-research worker", or "durable-research resume" where everything runs on this machine`;
    return { ended, silent: silence(error, 'no-worker', message) };
  }
}

/** Only silence is waited out; an answer that cannot be understood is thrown. */
function silence(
  error: unknown,
  why: 'no-worker' | 'no-server',
  message: string,
): Extract<FollowEvent, { kind: 'silent' }> {
  const isSilent = error instanceof NoAnswerError || isGrpcServiceError(error);
  if (!isSilent && !(error instanceof Error && isGrpcServiceError(error.cause))) throw error;
  return { kind: 'silent', why, message };
}

function notFound(run: RunHandle): Error {
  return new RunNotFoundError(run.workflowId, run.namespace);
}

async function ending(run: RunHandle): Promise<FollowEvent> {
  try {
    return { kind: 'result', result: await run.result() };
  } catch (error) {
    if (error instanceof Error) return { kind: 'failed', error };
    throw error;
  }
}
