import { itemRange } from '../conversations/record';
import type { Deps } from '../deps';
import { badRequest, notFound } from '../http/errors';
import { del, put, type Change } from '../state';
import { endingChanges } from '../webhooks/endings';
import { findResponse } from './context';
import { endsForGoodAt, isOpen, statusAt, type ResponseRecord } from './record';

/**
 * Cancels an open response; the items it would have given to its conversation never appear, unless it completes all
 * the same. Cancelling twice is
 * allowed. Throws the API's 400 for a response that has ended or that does not run in the background.
 */
export async function cancelResponse(
  { store, clock }: Deps,
  id: string,
  { foreground = false }: { foreground?: boolean } = {},
): Promise<ResponseRecord> {
  return store.exclusive(async () => {
    const now = clock.now();
    const record = await findResponse(store, id, now);
    if (record === undefined) throw notFound('Response', id);
    if (record.request.background !== true && !foreground) throw badRequest('Cannot cancel a synchronous response.');
    const status = statusAt(record, now);
    if (record.cancelledAt !== undefined && (status === 'cancelled' || isOpen(status))) return record;
    if (!isOpen(status)) throw badRequest(`Cannot cancel a ${status} response.`);
    const cancelled = { ...record, cancelledAt: now };
    const { conversationItems, responses } = store.tables;
    const changes: Change[] = [put(responses, id, cancelled), ...endingChanges({ store }, cancelled)];
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

/** Deletes an ended response with its items. Throws the API's 400 while it is open. */
export async function deleteResponse({ store, clock }: Deps, id: string): Promise<void> {
  await store.exclusive(async () => {
    const now = clock.now();
    const record = await findResponse(store, id, now);
    if (record === undefined) throw notFound('Response', id);
    if (isOpen(statusAt(record, now))) throw badRequest('Cannot delete an in-flight response.');
    const { inputs, outputs, responses } = store.tables;
    await store.write([put(responses, id, { ...record, deletedAt: now }), del(inputs, id), del(outputs, id)]);
  });
}
