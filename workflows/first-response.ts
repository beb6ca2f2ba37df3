import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { type Created } from '../contract/activities';
import { type Collected, type Failure } from '../contract/outcome';
import { awaitOnce } from './await-once';
import { createOnce } from './create-once';
import { type Turn } from './turn';

/** A response of the turn that has ended. */
export type Ended = { created: Created; collected: Collected };

/**
 * Creates a response and waits for it. Where the answer of a create was lost, two responses of the turn may run: the
 * first that completes is the turn's, a replacement that is still at work is stopped at the provider, both are booked.
 */
export async function firstResponse(turn: Turn): Promise<Ended | Failure> {
  const own = new CancellationScope();
  const replacement = own.run(() => createAndAwait(turn));
  // Not cancelled with the run: it would end the race before the response that runs is stopped.
  let over = false;
  const adoption = CancellationScope.nonCancellable(() => condition(() => over || turn.adopted !== undefined));
  const first = await Promise.race([replacement, adoption]).finally(() => {
    // Conditions are asked in every activation of the run, also those of steps that ended long ago.
    over = true;
  });
  const { adopted } = turn;
  if (first || !adopted) return first ?? replacement;
  own.cancel();
  await stopped(replacement);
  turn.adopted = undefined;
  turn.responseIds.push(adopted.responseId);
  turn.run.board.update(turn.step.id, {
    state: 'in_progress',
    responseId: adopted.responseId,
    doing: undefined,
  });
  const created = { responseId: adopted.responseId };
  const collected = await awaitOnce(turn, created);
  return 'type' in collected ? collected : { created, collected };
}

async function createAndAwait(turn: Turn): Promise<Ended | Failure> {
  const created = await createOnce(turn);
  if ('type' in created) return created;
  turn.responseIds.push(created.responseId);
  const collected = await awaitOnce(turn, created);
  return 'type' in collected ? collected : { created, collected };
}

/** What a stopped replacement ended as is booked; that it was stopped is no news. */
async function stopped(replacement: Promise<unknown>): Promise<void> {
  try {
    await replacement;
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
}
