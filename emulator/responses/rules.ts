import { badRequest } from '../http/errors';
import { checkApprovals } from '../mcp/items';
import type { Store } from '../state';
import { itemNotPersisted, type Context } from './context';
import { carriesReasoning } from './items/message';
import type { Item } from './record';

/** The API's rules on items of one request, in the order in which it checks them. Throws its 400. */
export async function checkItems(store: Store, context: Context): Promise<void> {
  checkDuplicates(context);
  checkCalls([...context.earlier, ...context.input]);
  checkApprovals([...context.earlier, ...context.input]);
  checkReasoningFollowed(context.input);
  await checkReasoningPrecedes(store, context);
  await checkReasoningKnown(store, context.input);
}

function checkDuplicates({ earlier, input }: Context): void {
  const seen = new Set(earlier.map((item) => item.id));
  for (const { id } of input) {
    if (seen.has(id))
      throw badRequest(`Duplicate item found with id ${id}. Remove duplicate items from your input.`, 'input');
    seen.add(id);
  }
}

/** Calls whose output the client brings, and how the API's messages name them. */
const ANSWERED_CALLS = [
  { call: 'function_call', output: 'function_call_output', named: 'function call' },
  { call: 'custom_tool_call', output: 'custom_tool_call_output', named: 'custom tool call' },
  { call: 'computer_call', output: 'computer_call_output', named: 'computer call' },
  { call: 'shell_call', output: 'shell_call_output', named: 'shell call' },
  { call: 'apply_patch_call', output: 'apply_patch_call_output', named: 'apply patch call' },
] as const;

function checkCalls(items: readonly Item[]): void {
  for (const { call, output, named } of ANSWERED_CALLS) {
    const calls = callIds(items, call);
    const outputs = callIds(items, output);
    for (const id of calls) {
      if (!outputs.has(id)) throw badRequest(`No tool output found for ${named} ${String(id)}.`, 'input');
    }
    for (const id of outputs) {
      if (calls.has(id)) continue;
      throw badRequest(`No tool call found for ${named} output with call_id ${String(id)}.`, 'input');
    }
  }
}

function callIds(items: readonly Item[], type: string): Set<unknown> {
  return new Set(items.filter((item) => item.type === type).map((item) => item['call_id']));
}

/** A reasoning item is followed by what it led to: something that the model said or called. */
function checkReasoningFollowed(input: readonly Item[]): void {
  const lonely = input.find((item, index) => item.type === 'reasoning' && !isModels(input[index + 1]));
  if (lonely !== undefined) {
    throw badRequest(
      `Item '${lonely.id}' of type 'reasoning' was provided without its required following item.`,
      'input',
    );
  }
}

function isModels(item: Item | undefined): boolean {
  if (item === undefined) return false;
  if (item.type === 'message') return item['role'] === 'assistant';
  return item.type === 'reasoning' || item.type === 'mcp_list_tools' || /_(?:call|request)$/.test(item.type);
}

/** Reasoning without its content is only a name: the server must know the item. */
async function checkReasoningKnown(store: Store, input: readonly Item[]): Promise<void> {
  for (const item of input) {
    if (item.type !== 'reasoning' || carriesReasoning(item)) continue;
    if ((await store.tables.itemOwners.get(item.id)) === undefined) throw itemNotPersisted(item.id);
  }
}

/** An item that came from a reasoning response must be sent together with that reasoning. */
async function checkReasoningPrecedes(store: Store, { input }: Context): Promise<void> {
  const ids = new Set(input.map((item) => item.id));
  for (const item of input.filter((candidate) => candidate.type !== 'reasoning')) {
    const owner = await store.tables.itemOwners.get(item.id);
    const output = owner === undefined ? [] : ((await store.tables.outputs.get(owner)) ?? []);
    const reasoning = output.find((candidate) => candidate.type === 'reasoning');
    if (reasoning !== undefined && !ids.has(reasoning.id)) {
      throw badRequest(
        `Item '${item.id}' of type '${item.type}' was provided without its required 'reasoning' item: '${reasoning.id}'.`,
        'input',
      );
    }
  }
}
