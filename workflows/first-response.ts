import { CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import { type Created } from '../contract/activities';
import { type Collected, type Failure } from '../contract/outcome';
import { awaitOnce } from './await-once';
import { afterForgotten, createOnce } from './create-once';
import { stop } from './early-finish';
import { reportWait } from './report';
import { type Turn } from './turn';

/** A response of the turn that has ended. */
export type Ended = { created: Created; collected: Collected };

/**
 * Creates a response and waits for it. Where the answer of a create was lost, two responses of the turn may run: the
 * first that completes is the turn's, a replacement that is still at work is stopped at the provider, both are booked.
 */
export async function firstResponse(turn: Turn): Promise<Ended | Failure> {
  try {
    if (!isAdopted(turn)) {
      turn.own = new CancellationScope();
      // Told in the first task of this execution: there was nothing to stop yet.
      if (turn.rest && turn.run.finish.stops(turn.step.id) && patched(PATCH)) stop(turn);
      const ended = await turn.own.run(() => createAndAwait(turn));
      if (!isAdopted(turn)) return ended;
    }
  } catch (error) {
    // What a stopped replacement ended as is booked; that it was stopped is no news.
    if (!isAdopted(turn) || !isCancellation(error)) throw error;
  }
  return adopt(turn);
}

const PATCH = '0.3.1 stops what an execution before this one has sent';

/** Whether a lost response has shown itself that is to be the turn's; its own one is being stopped then. */
function isAdopted(turn: Turn): boolean {
  return turn.adopted !== undefined;
}

async function adopt(turn: Turn): Promise<Ended | Failure> {
  const responseId = turn.adopted?.responseId ?? '';
  turn.adopted = undefined;
  turn.responseIds.push(responseId);
  turn.run.board.update(turn.step.id, { state: 'in_progress', responseId, doing: undefined });
  return (await awaitEnd(turn, { responseId })) ?? createAndAwait(turn);
}

async function createAndAwait(turn: Turn): Promise<Ended | Failure> {
  if (turn.rest?.for === 'response') {
    const { created, createdAt } = turn.rest;
    const ended = await awaitEnd(turn, created, createdAt);
    if (ended) return ended;
  }
  for (;;) {
    const startedAt = Date.now();
    const answer = await createOnce(turn);
    if ('type' in answer) return answer;
    const { responseId, promptRef } = answer;
    const created = { responseId, promptRef };
    turn.responseIds.push(responseId);
    if (answer.collected) {
      const { collected } = answer;
      const usd = turn.run.ledger.settle(turn.step.id, collected);
      reportWait(turn, responseId, { startedAt, collected, usd });
      return { created, collected };
    }
    const ended = await awaitEnd(turn, created);
    if (ended) return ended;
  }
}

/**
 * Waits for a response that was created, also by an execution of the run before this one. Undefined where the provider
 * has forgotten it and another is to be created.
 */
async function awaitEnd(turn: Turn, created: Created, createdAt?: number): Promise<Ended | Failure | undefined> {
  const collected = await awaitOnce(turn, created, createdAt);
  if (collected === 'forgotten') return afterForgotten(turn, created.responseId);
  return 'type' in collected ? collected : { created, collected };
}
