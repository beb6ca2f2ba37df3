import { badRequest, notFound } from '../http/errors';
import { newId } from '../ids';
import type { Store } from '../state';
import type { InputItem } from './items';
import { isOpen, statusAt, type Item, type ResponseRecord } from './record';
import type { CreateBody } from './request';

/** What the model sees of a request. */
export interface Context {
  /** Items the server already holds: the conversation's or those of the chain of previous responses. */
  readonly earlier: readonly Item[];
  /** Items of this request, with ids. */
  readonly input: readonly Item[];
}

/** A response that a client may still use, or undefined. */
export async function findResponse(store: Store, id: string, now: number): Promise<ResponseRecord | undefined> {
  const record = await store.tables.responses.get(id);
  const gone = record?.deletedAt !== undefined || now >= (record?.quirks?.expiresAt ?? Infinity);
  return gone ? undefined : record;
}

/** Input items with an id each; a string is one user message. References are replaced by the items they name. */
export async function toItems(store: Store, input: CreateBody['input']): Promise<Item[]> {
  if (input === undefined) return [];
  if (typeof input === 'string') return [userMessage(input)];
  return Promise.all(input.map((item) => toItem(store, item)));
}

function userMessage(text: string): Item {
  return {
    type: 'message',
    id: newId('msg'),
    status: 'completed',
    role: 'user',
    content: [{ type: 'input_text', text }],
  };
}

async function toItem(store: Store, item: InputItem): Promise<Item> {
  if (item.type === 'item_reference') return resolveReference(store, item.id);
  const id = item.id ?? newId(item.type === 'message' ? 'msg' : 'item');
  if (item.type !== 'message') return { ...item, id };
  const kind = item.role === 'assistant' ? 'output_text' : 'input_text';
  const content =
    typeof item.content === 'string'
      ? [{ type: kind, text: item.content, ...(kind === 'output_text' ? { annotations: [], logprobs: [] } : {}) }]
      : item.content;
  return { ...item, id, status: item.status ?? 'completed', content };
}

async function resolveReference(store: Store, id: string): Promise<Item> {
  const owner = await store.tables.itemOwners.get(id);
  const output = owner === undefined ? undefined : await store.tables.outputs.get(owner);
  const item = output?.find((candidate) => candidate.id === id);
  if (item === undefined) throw notFound('Item', id);
  return item;
}

/** The items of a chain of responses, oldest first. Throws the API's 400 when its last one is unknown. */
export async function chainItems(store: Store, previousId: string, now: number): Promise<Item[]> {
  const turns: Item[][] = [];
  let id: string | undefined = previousId;
  while (id !== undefined) {
    const record = await findResponse(store, id, now);
    if (record === undefined) {
      if (turns.length > 0) break;
      throw badRequest(
        `Previous response with id '${id}' not found.`,
        'previous_response_id',
        'previous_response_not_found',
      );
    }
    turns.unshift(await turnItems(store, record, now));
    id = record.request.previous_response_id;
  }
  return turns.flat();
}

async function turnItems(store: Store, record: ResponseRecord, now: number): Promise<Item[]> {
  const status = statusAt(record, now);
  if (isOpen(status)) {
    throw badRequest(
      `Previous response with id '${record.id}' is still ${status}; wait until it has ended.`,
      'previous_response_id',
    );
  }
  const input = (await store.tables.inputs.get(record.id)) ?? [];
  const ended = status === 'completed' || status === 'incomplete';
  const output = ended ? ((await store.tables.outputs.get(record.id)) ?? []) : [];
  return [...input, ...output];
}
