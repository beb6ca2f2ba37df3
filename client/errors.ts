import { type PipelineResult } from '../contract/pipeline';

/** Why a run failed. */
export interface RunFailure {
  /** The engine's failure type, or Temporal's word for how the run was closed. */
  type: string;
  message: string;
  /** What each step came to, where the run got that far. */
  result?: PipelineResult;
}

/** The run ended without a result. */
export class RunFailedError extends Error {
  override readonly name = 'RunFailedError';
  constructor(
    readonly workflowId: string,
    readonly failure: RunFailure,
    options?: ErrorOptions,
  ) {
    super(`run ${workflowId} failed: ${failure.type}: ${failure.message}`, options);
  }
}

/** The run was cancelled before it had a result. */
export class RunCancelledError extends Error {
  override readonly name = 'RunCancelledError';
  constructor(
    readonly workflowId: string,
    options?: ErrorOptions,
  ) {
    super(`run ${workflowId} was cancelled`, options);
  }
}

/** The id belongs to another run: one with another input, or one that is still open when a new one was asked for. */
export class RunConflictError extends Error {
  override readonly name = 'RunConflictError';
  constructor(
    readonly workflowId: string,
    why: 'another input' | 'still open',
  ) {
    super(
      why === 'another input'
        ? `run ${workflowId} exists with another input; use another id, or ask for a new run under this id`
        : `run ${workflowId} is still open, so no new one can have its id; cancel it first, or use another id`,
    );
  }
}

/** No run of this id is known to the server and namespace. */
export class RunNotFoundError extends Error {
  override readonly name = 'RunNotFoundError';
  constructor(
    readonly workflowId: string,
    namespace: string,
  ) {
    super(
      `no run ${workflowId} in namespace "${namespace}"; see "durable-research list", or check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE`,
    );
  }
}

/** The run has refused what it was told: nothing of it was taken. */
export class UpdateRefusedError extends Error {
  override readonly name = 'UpdateRefusedError';
  constructor(
    readonly workflowId: string,
    /** In the run's own words. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`run ${workflowId}: ${reason}`, options);
  }
}

/** No worker has answered in time. What was asked of a run changes nothing; what it was told, it may yet take. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  constructor(
    readonly workflowId: string,
    /** `polled`: a worker was there within the last minute. */
    { taskQueue, polled, mayBeTaken }: { taskQueue: string; polled: boolean; mayBeTaken: boolean },
    options?: ErrorOptions,
  ) {
    const who = polled
      ? `the worker of task queue "${taskQueue}" did not answer in time; it is busy or was stopped: try again in a minute`
      : `no worker polls task queue "${taskQueue}"; start one with "durable-research worker", then try again`;
    const taken = '. The run may take it all the same: look at its progress before you tell it again';
    super(`run ${workflowId}: ${who}${mayBeTaken ? taken : ''}`, options);
  }
}
