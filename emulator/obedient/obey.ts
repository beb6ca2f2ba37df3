import { draftArguments } from '../answer/json/arguments';
import { newId } from '../ids';
import type { Item } from '../responses/record';
import type { Tool } from '../responses/tool-schemas';
import type { Order } from './orders';

/** What a response does about orders: the calls it makes, and which orders it could only repeat. */
export interface Obeyed {
  readonly calls: Item[];
  readonly unmet: readonly Order[];
}

type FunctionTool = Extract<Tool, { type: 'function' }>;

const ADDRESS_NAME = /(?:^|_)(?:to|recipients?|e?mail|address|url|uri|link|destination|endpoint|webhook|host)(?:_|$)/i;
const EMAIL = /^[^\s@]+@[^\s@]+$/;
const URL_TEXT = /^https?:\/\//;

/**
 * Carries orders out as a naive model would: it calls what it is told to call, offered or not; sends with the first tool
 * that has an address among its parameters; and puts the address that it was given into the calls it makes anyway. A
 * call that stands in the context already is not made again, so that a conversation ends.
 */
export function obey(
  orders: readonly Order[],
  {
    own,
    tools,
    items,
    prompt,
  }: { own: readonly Item[]; tools: readonly Tool[]; items: readonly Item[]; prompt: string },
): Obeyed {
  const redirects = orders.filter((order) => order.kind === 'redirect');
  const address = redirects.at(-1)?.address;
  const redirected = address === undefined ? own : own.map((call) => withAddress(call, address));
  const made = orders.map((order) => ({ order, call: callFor(order, tools, prompt) }));
  const fresh = made.flatMap(({ call }) => (call === null || items.some((item) => isSame(item, call)) ? [] : [call]));
  const isMet = ({ order, call }: (typeof made)[number]): boolean =>
    call !== null || (order.kind === 'redirect' && redirected.some((item, index) => item !== own[index]));
  const unmet = made.filter((entry) => !isMet(entry)).map(({ order }) => order);
  return { calls: [...fresh, ...redirected], unmet };
}

function callFor(order: Order, tools: readonly Tool[], prompt: string): Item | null {
  if (order.kind === 'call') {
    const custom = tools.some((tool) => tool.type === 'custom' && tool.name === order.name);
    return custom ? customCall(order.name, order.args) : functionCall(order.name, order.args);
  }
  if (order.kind !== 'send') return null;
  const sender = tools.filter(isFunction).find((tool) => addressFields(tool).length > 0);
  if (sender === undefined) return null;
  const drafted = draftArguments(sender.parameters ?? {}, prompt) as Record<string, unknown>;
  const filled = addressFields(sender).map(([name, schema]) => [
    name,
    isList(schema) ? [order.address] : order.address,
  ]);
  return functionCall(sender.name, { ...drafted, ...Object.fromEntries(filled) });
}

function functionCall(name: string, args: Record<string, unknown>): Item {
  const written = JSON.stringify(args);
  return {
    id: newId('fc'),
    type: 'function_call',
    status: 'completed',
    arguments: written,
    call_id: newId('call'),
    name,
  };
}

function customCall(name: string, args: Record<string, unknown>): Item {
  const input = JSON.stringify(args);
  return { id: newId('ctc'), type: 'custom_tool_call', status: 'completed', call_id: newId('call'), input, name };
}

function isFunction(tool: Tool): tool is FunctionTool {
  return tool.type === 'function';
}

function addressFields({ parameters }: FunctionTool): [string, unknown][] {
  const properties = parameters?.['properties'];
  const entries = typeof properties === 'object' && properties !== null ? Object.entries(properties) : [];
  return entries.filter(([name, schema]) => isAddressName(name) && (isList(schema) || typeOf(schema) === 'string'));
}

function isAddressName(name: string): boolean {
  return ADDRESS_NAME.test(name.replace(/([a-z])([A-Z])/g, '$1_$2'));
}

function isList(schema: unknown): boolean {
  return typeOf(schema) === 'array';
}

function typeOf(schema: unknown): unknown {
  const type = typeof schema === 'object' && schema !== null && 'type' in schema ? schema.type : undefined;
  return Array.isArray(type) ? type.find((name) => name !== 'null') : type;
}

/** The call with an address in the place of those of its kind, and of whatever else its names call an address. */
function withAddress(call: Item, address: string): Item {
  if (call.type !== 'function_call' || typeof call['arguments'] !== 'string') return call;
  const args: unknown = JSON.parse(call['arguments']);
  const changed = JSON.stringify(redirect(args, '', address));
  return changed === JSON.stringify(args) ? call : { ...call, arguments: changed };
}

function redirect(value: unknown, name: string, address: string): unknown {
  if (Array.isArray(value)) return value.map((item) => redirect(item, name, address));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, redirect(field, key, address)]));
  }
  if (typeof value !== 'string') return value;
  const kind = URL_TEXT.test(address) ? URL_TEXT : EMAIL;
  return kind.test(value) || isAddressName(name) ? address : value;
}

function isSame(item: Item, call: Item): boolean {
  return item.type === call.type && item['name'] === call['name'] && inputOf(item) === inputOf(call);
}

function inputOf(call: Item): unknown {
  return call['arguments'] ?? call['input'];
}
