import { type StreamEvent } from './events';

/** What a response has been seen to do; counts only, never its text. */
export interface Seen {
  /** The item that is at work; undefined between two items. */
  at?: string;
  /** Items begun, by their type. */
  items: Readonly<Record<string, number>>;
  /** Characters written into the message that is at work. */
  characters: number;
}

export const NOTHING_SEEN: Seen = { items: {}, characters: 0 };

/** What is known after one more event. */
export function see(before: Seen, { type, item, delta }: StreamEvent): Seen {
  if (type === 'response.output_item.added' && item) {
    const items = { ...before.items, [item.type]: (before.items[item.type] ?? 0) + 1 };
    return { at: item.type, items, characters: 0 };
  }
  if (type === 'response.output_text.delta') {
    return { ...before, at: 'message', characters: before.characters + (delta?.length ?? 0) };
  }
  return before;
}

const CALLS: Record<string, { doing: string; one: string; many: string }> = {
  web_search_call: { doing: 'searching the web', one: 'search', many: 'searches' },
  file_search_call: { doing: 'searching files', one: 'search', many: 'searches' },
  code_interpreter_call: { doing: 'running code', one: 'call', many: 'calls' },
  mcp_call: { doing: 'calling an MCP server', one: 'call', many: 'calls' },
};

/** One line for a person; undefined before anything is known. Names no content. */
export function doingText({ at, items, characters }: Seen): string | undefined {
  if (at === undefined) return undefined;
  if (at === 'message') return characters === 0 ? 'writing' : `writing: ${grouped(characters)} characters`;
  if (at === 'reasoning') return 'reasoning';
  const call = CALLS[at];
  const times = items[at] ?? 0;
  return call ? `${call.doing}: ${times} ${times === 1 ? call.one : call.many}` : 'working';
}

/** 12,345; the same in every locale. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
