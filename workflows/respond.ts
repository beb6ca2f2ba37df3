import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import { durationMs } from '../contract/duration';
import { DEFAULT_DEADLINE, DEFAULT_RETRIES } from '../contract/graph';
import { type Collected, type Failure, type Outcome } from '../contract/outcome';
import { PREVIEW_CHARS } from '../contract/progress';
import { callTools } from './call-tools';
import { claimStep } from './claim-step';
import { NOT_BEGUN, STOPPED } from './early-finish';
import { firstResponse } from './first-response';
import { beginNextTurn, isLastTurn, refTo, turnsExhausted } from './next-turn';
import { type Run } from './run';
import { reportStep } from './report';
import { skipStep } from './skip-step';
import { type OpenTurn, type Responded, type RespondStep, type Turn } from './turn';

/**
 * One step: creates a background response, waits for it without holding anything, and books what it cost.
 * A failure of the provider is an outcome with its reason, never an exception; a cancel of the workflow stops the
 * response at the provider first and is then thrown.
 * @example
 * const run = await openRun();
 * const plan = await respond(run, { id: 'plan', prompt: 'Plan three questions about Raft.' });
 * const report = await respond(run, { id: 'report', prompt: 'Answer them.', context: { strategy: 'stateless', from: [plan] } });
 */
export async function respond(run: Run, step: RespondStep): Promise<Responded> {
  claimStep(run, step);
  if (run.finish.skips(step.id) && !run.turns.has(step.id)) return skipStep(run, step.id, NOT_BEGUN);
  const turn: Turn = Object.assign(run.turns.get(step.id) ?? begin(run, step), { run, step });
  try {
    const ended = await answered(turn);
    const preview = ended.collected?.preview.slice(0, PREVIEW_CHARS);
    reportStep(run, step.id, { startedAt: turn.startedAt, ...ended });
    run.board.update(step.id, {
      state: 'ended',
      outcome: ended.outcome,
      reason: ended.reason,
      endedAt: Date.now(),
      doing: undefined,
      preview,
    });
    return ended;
  } catch (error) {
    if (isCancellation(error)) {
      reportStep(run, step.id, { startedAt: turn.startedAt, outcome: 'cancelled' });
      run.board.update(step.id, { state: 'ended', outcome: 'cancelled', endedAt: Date.now(), doing: undefined });
    }
    throw error;
  }
}

/** A turn that no execution of the run before this one has begun. */
function begin(run: Run, step: RespondStep): OpenTurn {
  const startedAt = Date.now();
  const turn: OpenTurn = {
    startedAt,
    deadlineAt: startedAt + durationMs(step.deadline ?? DEFAULT_DEADLINE),
    creates: 0,
    responseIds: [],
    retriesLeft: step.retries ?? DEFAULT_RETRIES,
    lost: 0,
  };
  run.turns.set(step.id, turn);
  run.board.update(step.id, { state: 'creating', startedAt });
  return turn;
}

async function answered(turn: Turn): Promise<Responded> {
  const { run, step } = turn;
  try {
    return await answer(turn);
  } catch (error) {
    // That a person wants the run to finish stops the step, and not the run.
    const isStopped = run.finish.stops(step.id) && !CancellationScope.current().consideredCancelled;
    if (!isStopped || !isCancellation(error)) throw error;
    return { id: step.id, outcome: 'cancelled', reason: STOPPED, responseIds: turn.responseIds };
  } finally {
    if (step.deleteRemoteAfter) await run.deletions.stepEnded(turn);
    run.turns.delete(step.id);
    // It showed itself too late to be used.
    if (turn.adopted) run.ledger.bookFound(turn.adopted, turn.adopted);
  }
}

/**
 * Creates and waits; a response that failed in a way that may pass is created anew, as often as the step allows. One that
 * asks for calls of the step's own tools is followed by another turn, which brings their outputs.
 */
async function answer(turn: Turn): Promise<Responded> {
  const { step, responseIds } = turn;
  for (;;) {
    const refused = turn.turns?.calls.length ? await callTools(turn, turn.turns) : undefined;
    if (refused) return withoutOutput(turn, 'failed', refused);
    const ended = await firstResponse(turn);
    if ('type' in ended) return withoutOutput(turn, isUnpaid(turn, ended) ? 'skipped' : 'failed', ended);
    const { created, collected } = ended;
    const calls = (!collected.failure && collected.calls) || [];
    if (calls.length > 0 && !isLastTurn(turn)) {
      beginNextTurn(turn, ended, calls);
      continue;
    }
    const ref = refTo(turn, created);
    const exhausted = calls.length > 0 ? turnsExhausted(turn, collected) : undefined;
    if (exhausted) return { ...withoutOutput(turn, 'failed', exhausted), collected };
    if (!collected.failure) return { id: step.id, outcome: 'completed', ref, responseIds, collected };
    if (collected.status === 'incomplete' && step.acceptIncomplete && collected.textBytes > 0) {
      const { failure } = collected;
      return { id: step.id, outcome: 'incomplete', reason: text(failure), failure, ref, responseIds, collected };
    }
    if (!isReplaced(collected.failure) || turn.retriesLeft === 0) {
      return { ...withoutOutput(turn, outcomeOf(collected), collected.failure), collected };
    }
    turn.run.board.warn(`${step.id}: ${text(collected.failure)}; creating it anew`);
    turn.retriesLeft -= 1;
    await sleep(RETRY_DELAY, { summary: `before another create of ${step.id}` });
  }
}

/** Time between a failed response and its replacement: a provider in trouble is not helped by haste. */
const RETRY_DELAY = '2s';

function isReplaced({ type }: Failure): boolean {
  return type === 'ResponseFailed' || type === 'ResponseStuck';
}

/** Nothing of the step was sent, since the budget has no room for it. */
function isUnpaid({ creates, responseIds }: Turn, { type }: Failure): boolean {
  return type === 'BudgetExhausted' && creates === 0 && responseIds.length === 0;
}

function outcomeOf({ status, failure }: Collected): Outcome {
  // A completed output that cannot be used, or a response that the engine itself has stopped.
  return status === 'completed' || failure?.type === 'ResponseStuck' ? 'failed' : status;
}

function withoutOutput({ step, responseIds }: Turn, outcome: Outcome, failure: Failure): Responded {
  return { id: step.id, outcome, reason: text(failure), failure, responseIds };
}

function text({ type, message }: Failure): string {
  return `${type}: ${message}`;
}
