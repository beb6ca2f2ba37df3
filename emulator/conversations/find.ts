import type { Deps } from '../deps';
import { badRequest, notFound, type ApiError } from '../http/errors';
import { isOpen, statusAt } from '../responses/record';
import type { Store } from '../state';
import { itemRange, type ConversationItemRow, type ConversationRecord } from './record';

/** A stored conversation. Throws the API's 404. */
export async function findConversation({ store }: Deps, id: string): Promise<ConversationRecord> {
  const conversation = await store.tables.conversations.get(id);
  if (conversation === undefined) throw notFound('Conversation', id);
  return conversation;
}

/** A conversation in which no response is open. Throws the API's 404, or its 400 `conversation_locked`. */
export async function freeConversation(deps: Deps, id: string, now: number): Promise<ConversationRecord> {
  const conversation = await findConversation(deps, id);
  const lastId = conversation.lastResponseId;
  const last = lastId === undefined ? undefined : await deps.store.tables.responses.get(lastId);
  if (last === undefined || !isOpen(statusAt(last, now))) return conversation;
  throw conversationLocked();
}

/** The API's 400 for a conversation in which a response is open. */
export function conversationLocked(): ApiError {
  return badRequest(
    'Another process is currently operating on this conversation. Please retry in a few seconds.',
    'conversation',
    'conversation_locked',
  );
}

/** A conversation's items at an instant, oldest first, each with its key. */
export async function conversationRows(
  store: Store,
  conversationId: string,
  now: number,
): Promise<(ConversationItemRow & { key: string })[]> {
  const entries = await store.tables.conversationItems.iterator(itemRange(conversationId)).all();
  return entries.filter(([, row]) => row.visibleAt <= now).map(([key, row]) => ({ ...row, key }));
}
