import { itemKey, type ConversationRecord } from '../conversations/record';
import type { Deps } from '../deps';
import { put, type Change } from '../state';
import { endingChanges } from '../webhooks/endings';
import type { Context } from './context';
import type { Item, ResponseRecord } from './record';
import { withExpiry } from './retention';

/** Everything that a create changes, to be written at once. */
export function changesOf(
  deps: Deps,
  made: {
    record: ResponseRecord;
    context: Context;
    output: readonly Item[];
    conversation: ConversationRecord | null;
    inputBytes: number;
  },
): Change[] {
  const { record, context, output, conversation, inputBytes } = made;
  const { tables } = deps.store;
  const row = {
    id: record.id,
    createdAt: record.createdAt,
    metadata: record.request.metadata ?? {},
    conversation: record.conversationId,
    previousResponseId: record.request.previous_response_id ?? null,
    inputBytes,
  };
  return [
    ...withExpiry(deps, record).changes,
    put(tables.inputs, record.id, context.input),
    put(tables.outputs, record.id, output),
    // What is not stored cannot be referred to.
    ...(record.request.store === false ? [] : output.map((item) => put(tables.itemOwners, item.id, record.id))),
    put(tables.creates, `${String(record.createdAt).padStart(15, '0')}!${record.id}`, row),
    ...endingChanges(deps, record),
    ...(conversation === null ? [] : conversationChanges(tables, { record, conversation, context, output })),
  ];
}

function conversationChanges(
  tables: Deps['store']['tables'],
  made: { record: ResponseRecord; conversation: ConversationRecord; context: Context; output: readonly Item[] },
): Change[] {
  const { record, conversation, context, output } = made;
  const { endsAt, ending } = record;
  const visibleAt = endsAt !== null && ending.status !== 'failed' ? endsAt : null;
  const items = visibleAt === null ? [] : [...context.input, ...output];
  const updated = { ...conversation, lastResponseId: record.id, length: conversation.length + items.length };
  return [
    put(tables.conversations, conversation.id, updated),
    ...items.map((item, index): Change => ({
      type: 'put',
      sublevel: tables.conversationItems,
      key: itemKey(conversation.id, conversation.length + index),
      value: { item, visibleAt, responseId: record.id },
    })),
  ];
}
