import { badRequest } from '../http/errors';
import type { Store } from '../state';
import type { Context } from './context';
import type { Item } from './record';

/** The API's rules on items of one request, in the order in which it checks them. Throws its 400. */
export async function checkItems(store: Store, context: Context): Promise<void> {
  checkDuplicates(context);
  checkFunctionCalls([...context.earlier, ...context.input]);
  checkReasoningFollowed(context.input);
  await checkReasoningPrecedes(store, context);
}

function checkDuplicates({ earlier, input }: Context): void {
  const seen = new Set(earlier.map((item) => item.id));
  for (const { id } of input) {
    if (seen.has(id))
      throw badRequest(`Duplicate item found with id ${id}. Remove duplicate items from your input.`, 'input');
    seen.add(id);
  }
}

function checkFunctionCalls(items: readonly Item[]): void {
  const callIds = (type: string): Set<unknown> =>
    new Set(items.filter((item) => item.type === type).map((item) => item['call_id']));
  const calls = callIds('function_call');
  const outputs = callIds('function_call_output');
  for (const id of calls) {
    if (!outputs.has(id)) throw badRequest(`No tool output found for function call ${String(id)}.`, 'input');
  }
  for (const id of outputs) {
    if (!calls.has(id)) {
      throw badRequest(`No tool call found for function call output with call_id ${String(id)}.`, 'input');
    }
  }
}

function checkReasoningFollowed(input: readonly Item[]): void {
  const lonely = input.find((item, index) => {
    const next = input[index + 1];
    return item.type === 'reasoning' && (next === undefined || next['role'] === 'user');
  });
  if (lonely !== undefined) {
    throw badRequest(
      `Item '${lonely.id}' of type 'reasoning' was provided without its required following item.`,
      'input',
    );
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
