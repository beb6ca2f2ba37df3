import { ActivityFailure, CancellationScope } from '@temporalio/workflow';
import { type Created } from '../contract/activities';
import { durationMs } from '../contract/duration';
import { DEFAULT_MAX_QUEUED } from '../contract/graph';
import { awaitActivityId } from '../contract/names';
import { type Collected, type Failure } from '../contract/outcome';
import { endsInCalls } from '../contract/step';
import { bounded, wait } from './activities';
import { failureName, failureOf, isForgotten, lastWords } from './failures';
import { jsonBytes } from './json-bytes';
import { reportWait } from './report';
import { type RespondStep, type Turn } from './turn';

/**
 * Waits for the end of a response and books it. Whoever stops waiting stops the response at the provider first; only a
 * run that goes on in a new execution does not, and waits for it there.
 * Of one that a provider has never kept, which is no end, nothing is booked: `forgotten`.
 */
export async function awaitOnce(
  turn: Turn,
  created: Created,
  createdAt = Date.now(),
): Promise<Collected | Failure | 'forgotten'> {
  const { run, step, deadlineAt } = turn;
  const { responseId } = created;
  turn.rest = { for: 'response', created, createdAt };
  try {
    const waiting = wait(awaitActivityId(responseId), `${step.id} · waiting for ${responseId}`);
    const input = {
      origin: run.record.origin,
      stepId: step.id,
      responseId,
      createdAt,
      deadlineAt,
      queuedUntil: createdAt + durationMs(step.maxQueued ?? DEFAULT_MAX_QUEUED),
      format: step.format,
      wait: step.wait,
      redact: step.redact,
      ...told(step),
    };
    while (!run.gate.admits(jsonBytes(input))) await run.gate.wait();
    const collected = await waiting['durableResearch.awaitResponse'](input);
    turn.rest = undefined;
    run.background.proved();
    const usd = run.ledger.settle(step.id, collected);
    reportWait(turn, responseId, { startedAt: createdAt, collected, usd });
    return collected;
  } catch (error) {
    turn.rest = undefined;
    if (run.background.known !== 'full' && isForgotten(error)) return 'forgotten';
    const stopped = await CancellationScope.nonCancellable(() => stopResponse(turn, responseId));
    const failure = failureOf(error);
    reportWait(turn, responseId, { startedAt: createdAt, failure: failureName(error) });
    if (!failure) throw error;
    // It ended before it could be stopped: finished work is used, late or not.
    if (stopped?.status === 'completed') return stopped;
    // Only one that is certainly stopped may be replaced, or both would be paid.
    return stopped && failure.type === 'ResponseStuck' ? { ...stopped, failure } : failure;
  }
}

/** What a step whose tools we call, or people decide on, wants to know of its responses besides. */
function told({ tools }: RespondStep): { calls?: true } {
  return endsInCalls(tools) ? { calls: true } : {};
}

/**
 * A response that nobody waits for must not run on: what it used is booked, or that it may still be running.
 * Returns how it ended; undefined where that is not known.
 */
async function stopResponse({ run, step }: Turn, responseId: string): Promise<Collected | undefined> {
  const { origin } = run.record;
  const { id: stepId, format, redact } = step;
  try {
    const stopping = bounded('45s', `${stepId} · stopping ${responseId}`);
    const input = { origin, stepId, responseId, format, redact, ...told(step) };
    while (!run.gate.admits(jsonBytes(input))) await run.gate.wait();
    const used = await stopping['durableResearch.cancelResponse'](input);
    run.ledger.settle(stepId, { responseId, ...used });
    return used.collected;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    // Whatever kept it from being stopped or stored, such as a full disk: the other steps of the run go on.
    const failure: Failure = failureOf(error) ?? { type: 'ProviderUnavailable', message: lastWords(error) };
    const reason = `${failure.type}: ${failure.message}`;
    if (failure.type === 'ResponseLost') {
      run.ledger.bookCostUnknown({ stepId, responseId, reason });
      return undefined;
    }
    run.ledger.bookPossiblyRunning({ stepId, responseId, reason });
    run.board.warn(`${stepId}: ${responseId} may still be running: ${failure.message}`);
    return undefined;
  }
}
