import { conversationRows } from '../conversations/find';
import type { Deps } from '../deps';
import { ApiError, badRequest } from '../http/errors';
import { newId, type IdPrefix } from '../ids';
import type { Store } from '../state';
import type { InputItem } from './items';
import { isOpen, statusAt, type Item, type ResponseRecord } from './record';
import type { CreateBody } from './request';
import { isExpired } from './retention';

/** The prefixes of ids that are given to items without one. */
const PREFIXES: Partial<Record<InputItem['type'], IdPrefix>> = {
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  compaction: 'cmp',
};

/** What the model sees of a request. */
export interface Context {
  /** Items the server already holds: the conversation's or those of the chain of previous responses. */
  readonly earlier: readonly Item[];
  /** Items of this request, with ids. */
  readonly input: readonly Item[];
}

/** A response that is neither deleted nor expired, or undefined. */
export async function findResponse(store: Store, id: string, now: number): Promise<ResponseRecord | undefined> {
  const record = await store.tables.responses.get(id);
  return record === undefined || isExpired(record, now) ? undefined : record;
}

/** Input items with an id each; a string is one user message. References are replaced by the items they name. */
export async function toItems(store: Store, input: CreateBody['input'] | undefined): Promise<Item[]> {
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
  const id = item.id ?? newId(PREFIXES[item.type] ?? 'item');
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
  if (item === undefined) throw itemNotPersisted(id);
  return item;
}

/** The API's 404 for an item that a request names by its id alone. */
export function itemNotPersisted(id: string): ApiError {
  return new ApiError(
    404,
    `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` ` +
      `set to true, or remove this item from your input.`,
    { param: 'input' },
  );
}

/** The id of the conversation that a request names, in either form. */
export function conversationIdOf({ conversation }: Partial<Pick<CreateBody, 'conversation'>>): string | undefined {
  return typeof conversation === 'string' ? conversation : conversation?.id;
}

/** What the model sees of a request. Throws the API's errors for a previous response or an item that is not kept. */
export async function gatherContext(
  deps: Deps,
  body: Partial<Pick<CreateBody, 'input' | 'previous_response_id' | 'conversation'>>,
): Promise<Context> {
  const { store, clock } = deps;
  const input = await toItems(store, body.input);
  if (body.previous_response_id !== undefined) {
    return { input, earlier: await chainItems(deps, body.previous_response_id) };
  }
  const conversation = conversationIdOf(body);
  if (conversation === undefined) return { input, earlier: [] };
  return { input, earlier: (await conversationRows(store, conversation, clock.now())).map((row) => row.item) };
}

/** The items of a chain of responses, oldest first. Throws the API's error when its last one is not kept. */
async function chainItems(deps: Deps, previousId: string): Promise<Item[]> {
  const turns: Item[][] = [];
  let id: string | undefined = previousId;
  while (id !== undefined) {
    const record = await findResponse(deps.store, id, deps.clock.now());
    if (record === undefined || record.request.store === false) {
      if (turns.length > 0) break;
      throw new ApiError(deps.options.previousNotFound, `Previous response with id '${id}' not found.`, {
        param: 'previous_response_id',
        code: 'previous_response_not_found',
      });
    }
    turns.unshift(await turnItems(deps, record));
    id = record.request.previous_response_id;
  }
  return turns.flat();
}

async function turnItems({ store, clock }: Deps, record: ResponseRecord): Promise<Item[]> {
  const status = statusAt(record, clock.now());
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
