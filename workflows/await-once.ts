import { CancellationScope } from '@temporalio/workflow';
import { type Created } from '../contract/activities';
import { awaitActivityId } from '../contract/names';
import { type Collected, type Failure } from '../contract/outcome';
import { bounded, wait } from './activities';
import { failureName, failureOf } from './failures';
import { countWait } from './metrics';
import { traceWait } from './spans';
import { type Turn } from './turn';

/** Waits for the end of a response and books it. Whoever stops waiting stops the response at the provider first. */
export async function awaitOnce(turn: Turn, { responseId }: Created): Promise<Collected | Failure> {
  const { run, step, deadlineAt } = turn;
  const createdAt = Date.now();
  try {
    const waiting = wait(awaitActivityId(responseId), `${step.id} · waiting for ${responseId}`);
    const collected = await waiting['durableResearch.awaitResponse']({
      origin: run.record.origin,
      stepId: step.id,
      responseId,
      createdAt,
      deadlineAt,
      format: step.format,
      wait: step.wait,
    });
    const usd = run.ledger.settle(step.id, collected);
    countWait(collected, createdAt);
    traceWait(turn, responseId, { startedAt: createdAt, collected, usd });
    return collected;
  } catch (error) {
    await CancellationScope.nonCancellable(() => stopResponse(turn, responseId));
    const failure = failureOf(error);
    traceWait(turn, responseId, { startedAt: createdAt, failure: failureName(error) });
    if (!failure) throw error;
    return failure;
  }
}

/** A response that nobody waits for must not run on: what it used is booked, or that it may still be running. */
async function stopResponse({ run, step }: Turn, responseId: string): Promise<void> {
  const { origin } = run.record;
  try {
    const stopping = bounded('45s', `${step.id} · stopping ${responseId}`);
    const used = await stopping['durableResearch.cancelResponse']({ origin, stepId: step.id, responseId });
    run.ledger.settle(step.id, used);
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    run.ledger.settle(step.id);
    if (failure.type === 'ResponseLost') return;
    run.ledger.bookPossiblyRunning({ stepId: step.id, responseId, reason: `${failure.type}: ${failure.message}` });
    run.board.warn(`${step.id}: ${responseId} may still be running: ${failure.message}`);
  }
}
