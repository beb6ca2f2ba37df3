import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { type Carry, type EndedStep } from '../contract/carry';
import { finalSteps, type PlannedStep } from '../contract/graph';
import { MAX_INPUT_BYTES } from './command-gate';
import { jsonBytes } from './json-bytes';
import { type Run } from './run';

/** A turn that was handed over needs about so many events to end; they do not count, or a low bound could not be met. */
const EVENTS_A_TURN = 10;
/** Temporal reads a history in pages by number of events, and one above 4 MB not at all: the run could not be replayed. */
const MAX_HISTORY_BYTES = 2_000_000;

/**
 * Resolves when the run's history has grown so long that it is to go on in a new execution of its workflow id, and what
 * is carried there fits. From then on no step creates a response.
 */
export async function isLong(run: Run, mayCarry: () => boolean): Promise<void> {
  const { historyEvents } = run.record;
  const most = (historyEvents ?? 0) + EVENTS_A_TURN * run.turns.size;
  await whatever(() => {
    const { continueAsNewSuggested, historyLength, historySize, cronSchedule } = workflowInfo();
    // A run of a version without it stays in one execution; one of a cron schedule would hand over to the next run of it.
    if (historyEvents === undefined || cronSchedule) return false;
    const isFull = continueAsNewSuggested || historyLength >= most || historySize >= MAX_HISTORY_BYTES;
    return isFull && mayCarry();
  });
  run.gate.close();
}

/**
 * Resolves when every turn of the run rests: no create is on its way, whose id would be lost, and nothing is being
 * stopped. Never while the run is being cancelled: its turns then end, each after it has cleaned up behind itself.
 */
export async function allRest({ turns, approvals }: Run): Promise<void> {
  const rests = (): boolean => [...turns.values()].every(({ rest, adopted }) => rest !== undefined && !adopted);
  await whatever(() => allHandlersFinished() && !approvals.busy && rests());
}

/** A cancel does not end this wait. */
function whatever(holds: () => boolean): Promise<void> {
  return CancellationScope.nonCancellable(() => condition(holds));
}

/** What the next execution needs of the run and its steps. */
export function carryOf(run: Run, steps: readonly PlannedStep[], ends: ReadonlyMap<string, EndedStep>): Carry {
  const answered = finalSteps(steps).filter(({ id }) => ends.get(id)?.ref);
  const [only] = answered.length === 1 ? answered : [];
  return { run: run.carry(), ended: [...ends.values()].map((end) => slim(end, end.id === only?.id)) };
}

/** Whether it can be handed over, beside so many bytes of input: Temporal takes both as one. */
export function fits(carry: Carry, inputBytes: number): boolean {
  return inputBytes + jsonBytes(carry) <= MAX_INPUT_BYTES;
}

function slim({ id, outcome, reason, ref, responseIds, collected }: EndedStep, keepsJson: boolean): EndedStep {
  const { usage, json } = collected ?? {};
  return { id, outcome, reason, ref, responseIds, collected: { usage, json: keepsJson ? json : undefined } };
}
