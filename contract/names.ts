/** Names that cross a process boundary. They are part of stored histories: renaming one breaks open runs. */

/** Task queue used when `TEMPORAL_TASK_QUEUE` is not set. */
export const DEFAULT_TASK_QUEUE = 'durable-research';

/** Workflow type of a pipeline: `temporal workflow start --type pipeline`. */
export const PIPELINE_WORKFLOW = 'pipeline';

/** Query that returns a {@link Progress}; takes an optional `{ since }`. */
export const PROGRESS_QUERY = 'progress';

/** Query that returns the run's {@link Ledger}. */
export const LEDGER_QUERY = 'ledger';

/** Activity id of the wait for a response. Announcers complete the wait by this id, so both sides must agree on it. */
export function awaitActivityId(responseId: string): string {
  return `await:${responseId}`;
}

/** Activity id of a create. It names the step, so that a replay notices when steps have changed places. */
export function createActivityId({ stepId, turn, create }: { stepId: string; turn: number; create: number }): string {
  return `create:${stepId}/${turn}/${create}`;
}

/** Step of a create, by the id of its activity; undefined for every other activity. */
export function createdStepId(activityId: string): string | undefined {
  return /^create:(.+)\/\d+\/\d+$/.exec(activityId)?.[1];
}

/** Place of a tool call in its run: what a person decides on, and the end of its idempotency key. */
export function callPlace({ stepId, turn, callId }: { stepId: string; turn: number; callId: string }): string {
  return `${stepId}/${turn}/${callId}`;
}

/** Activity id of a tool call. */
export function callActivityId(place: Parameters<typeof callPlace>[0]): string {
  return `tool:${callPlace(place)}`;
}

/** Signal by which a gateway tells a run of a terminal response that no wait of it has taken: `ResponseSeen`. */
export const RESPONSE_SEEN_SIGNAL = 'responseSeen';

/** Signal by which a worker tells a run what a response is doing: `StepDoing`. */
export const STEP_PROGRESS_SIGNAL = 'stepProgress';

/** Update by which a person decides on what a run waits for: `Decision`. */
export const DECIDE_APPROVAL_UPDATE = 'decideApproval';

/** Update by which a person tells the steps of a run something while it is at work: `Steer`. */
export const STEER_UPDATE = 'steer';

/** Update by which a person brings a run to its end before all of it has run: `FinishNow`. */
export const FINISH_NOW_UPDATE = 'finishNow';

/** Update by which a person raises the budget of a run: a `Cap`. */
export const RAISE_BUDGET_UPDATE = 'raiseBudget';
