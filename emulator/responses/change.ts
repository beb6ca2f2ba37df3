import { itemRange } from '../conversations/record';
import type { Deps } from '../deps';
import { badRequest, notFound } from '../http/errors';
import { del, put } from '../state';
import { endingChanges } from '../webhooks/endings';
import { findResponse } from './context';
import { endsForGoodAt, isOpen, statusAt, type ResponseRecord } from './record';
import { removalOf, withExpiry } from './retention';

/**
 * Cancels an open response; the items it would have given to its conversation never appear, unless it completes all
 * the same. Cancelling twice is allowed. Throws the API's 400 for a response that has ended or that does not run in the background.
 */
export async function cancelResponse(
  deps: Deps,
  id: string,
  { foreground = false }: { foreground?: boolean } = {},
): Promise<ResponseRecord> {
  const { store, clock } = deps;
  return store.exclusive(async () => {
    const now = clock.now();
    const record = await findResponse(store, id, now);
    if (record === undefined) throw notFound('Response', id);
    if (record.request.background !== true && !foreground) throw badRequest('Cannot cancel a synchronous response.');
    const status = statusAt(record, now);
    if (record.cancelledAt !== undefined && (status === 'cancelled' || isOpen(status))) return record;
    if (!isOpen(status)) throw badRequest(`Cannot cancel a ${status} response.`);
    const kept = deps.options.cancelOutput === 'kept' ? await doneItems(deps, record) : 0;
    const { record: cancelled, changes } = withExpiry(deps, { ...record, cancelledAt: now, keptItems: kept });
    changes.push(...endingChanges(deps, cancelled));
    const { conversationItems } = store.tables;
    if (record.conversationId !== null) {
      const visibleAt = endsForGoodAt(cancelled);
      const keeps = visibleAt !== null && statusAt(cancelled, visibleAt) !== 'cancelled';
      for await (const [key, row] of conversationItems.iterator(itemRange(record.conversationId))) {
        if (row.responseId !== id) continue;
        changes.push(keeps ? put(conversationItems, key, { ...row, visibleAt }) : del(conversationItems, key));
      }
    }
    await store.write(changes);
    return cancelled;
  });
}

/** How many output items are done at this instant, each taking the same time. */
async function doneItems({ store, clock }: Deps, { id, startsAt, endsAt }: ResponseRecord): Promise<number> {
  if (endsAt === null || endsAt <= startsAt) return 0;
  const output = (await store.tables.outputs.get(id)) ?? [];
  return Math.floor((output.length * Math.max(0, clock.now() - startsAt)) / (endsAt - startsAt));
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
