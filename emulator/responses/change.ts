import { itemRange } from '../conversations/record';
import type { Deps } from '../deps';
import { badRequest, notFound } from '../http/errors';
import { del, put } from '../state';
import { endingChanges } from '../webhooks/endings';
import { findResponse } from './context';
import { endsForGoodAt, isCalledOff, isOpen, statusAt, type ResponseRecord } from './record';
import { removalOf, withExpiry } from './retention';
import { doneItems } from './stream/log';

/**
 * Cancels an open response; the items it would have given to its conversation never appear, unless it completes all
 * the same. Cancelling twice is allowed. Throws the API's 400 for a response that has ended or that does not run in the
 * background.
 */
export async function cancelResponse(deps: Deps, id: string): Promise<ResponseRecord> {
  const { store, clock } = deps;
  return store.exclusive(async () => {
    const now = clock.now();
    const record = await findResponse(store, id, now);
    if (record === undefined) throw notFound('Response', id);
    if (record.request.background !== true) throw badRequest('Cannot cancel a synchronous response.');
    const status = statusAt(record, now);
    if (record.cancelledAt !== undefined && (status === 'cancelled' || isOpen(status))) return record;
    if (!isOpen(status)) throw badRequest(`Cannot cancel a ${status} response.`);
    return stop(deps, record, now);
  });
}

/** Stops a foreground response whose client has hung up; one that has ended by then stays as it is. */
export async function abandonResponse(deps: Deps, id: string): Promise<void> {
  const { store, clock } = deps;
  await store.exclusive(async () => {
    const now = clock.now();
    const record = await findResponse(store, id, now);
    if (record !== undefined && isOpen(statusAt(record, now))) await stop(deps, record, now);
  });
}

async function stop(deps: Deps, record: ResponseRecord, now: number): Promise<ResponseRecord> {
  const { store, options } = deps;
  const stopped = { ...record, cancelledAt: now };
  const keptItems = options.cancelOutput === 'kept' ? await countDone(deps, stopped) : 0;
  const { record: cancelled, changes } = withExpiry(deps, { ...stopped, keptItems });
  changes.push(...endingChanges(deps, cancelled));
  const { conversationItems } = store.tables;
  if (record.conversationId !== null) {
    const visibleAt = endsForGoodAt(cancelled);
    const keeps = visibleAt !== null && statusAt(cancelled, visibleAt) !== 'cancelled';
    for await (const [key, row] of conversationItems.iterator(itemRange(record.conversationId))) {
      if (row.responseId !== record.id) continue;
      changes.push(keeps ? put(conversationItems, key, { ...row, visibleAt }) : del(conversationItems, key));
    }
  }
  await store.write(changes);
  if (isCalledOff(cancelled)) deps.jobs.stop(record.id);
  return cancelled;
}

/** How many output items are done when a cancelled response ends. */
async function countDone({ store }: Deps, record: ResponseRecord): Promise<number> {
  const output = (await store.tables.outputs.get(record.id)) ?? [];
  return doneItems(record, output);
}

/** Deletes an ended response with its items; what a conversation took over stays there. Throws the API's 400 while it is open. */
export async function deleteResponse(deps: Deps, id: string): Promise<void> {
  const { store, clock } = deps;
  await store.exclusive(async () => {
    const now = clock.now();
    const record = await findResponse(store, id, now);
    if (record === undefined) throw notFound('Response', id);
    if (isOpen(statusAt(record, now))) throw badRequest('Cannot delete an in-flight response.');
    await store.write([...(await removalOf(store, record)), put(store.tables.deletions, id, now)]);
  });
}
