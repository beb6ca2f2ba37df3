import { itemKey, type ConversationRecord } from '../conversations/record';
import type { Deps } from '../deps';
import { put, type Change } from '../state';
import { endingChanges } from '../webhooks/endings';
import type { Context } from './context';
import { endsForGoodAt, statusAt, type Item, type ResponseRecord } from './record';
import { withExpiry } from './retention';

/** A response with what it was asked and what it answers. */
interface Made {
  record: ResponseRecord;
  context: Context;
  output: readonly Item[];
  conversation: ConversationRecord | null;
}

/** Everything that a create changes, to be written at once. */
export function changesOf(deps: Deps, made: Made & { inputBytes: number }): Change[] {
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
    put(tables.creates, `${String(record.createdAt).padStart(15, '0')}!${record.id}`, row),
    ...outputChanges(deps, { record, context, output, conversation }),
  ];
}

/** What belongs to a record whose output and end became known. */
export function outputChanges(deps: Deps, made: Made): Change[] {
  const { record, output, conversation } = made;
  const { tables } = deps.store;
  return [
    put(tables.outputs, record.id, output),
    // What is not stored cannot be referred to.
    ...(record.request.store === false ? [] : output.map((item) => put(tables.itemOwners, item.id, record.id))),
    ...endingChanges(deps, record),
    ...(conversation === null ? [] : conversationChanges(tables, { ...made, conversation })),
  ];
}

function conversationChanges(
  tables: Deps['store']['tables'],
  made: Made & { conversation: ConversationRecord },
): Change[] {
  const { record, conversation, context, output } = made;
  const visibleAt = endsForGoodAt(record);
  const status = visibleAt === null ? 'in_progress' : statusAt(record, visibleAt);
  const items = status === 'completed' || status === 'incomplete' ? [...context.input, ...output] : [];
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
