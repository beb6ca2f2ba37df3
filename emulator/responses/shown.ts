import type { Includable } from './include';
import type { Item } from './record';

/** Items as a list or a response shows them to somebody who asked for `include`; the rest of each is left out. */
export function shownItems(items: readonly Item[], include: readonly Includable[]): Item[] {
  const asked = new Set(include);
  return items.map((item) => shownItem(item, asked));
}

function shownItem(item: Item, asked: ReadonlySet<Includable>): Item {
  switch (item.type) {
    case 'message':
      return { ...item, content: shownContent(item['content'], asked) };
    case 'file_search_call':
      return asked.has('file_search_call.results') ? item : { ...item, results: null };
    case 'web_search_call':
      return shownSearch(item, asked);
    case 'code_interpreter_call':
      return asked.has('code_interpreter_call.outputs') ? item : { ...item, outputs: null };
    case 'computer_call_output':
      return asked.has('computer_call_output.output.image_url')
        ? item
        : { ...item, output: without(item['output'], 'image_url') };
    case 'reasoning':
      return asked.has('reasoning.encrypted_content') ? item : (without(item, 'encrypted_content') as Item);
    default:
      return item;
  }
}

function shownContent(content: unknown, asked: ReadonlySet<Includable>): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((part: unknown) => {
    if (typeOf(part) === 'input_image' && !asked.has('message.input_image.image_url')) {
      return { ...(part as object), image_url: null };
    }
    if (typeOf(part) === 'output_text' && !asked.has('message.output_text.logprobs')) {
      return { ...(part as object), logprobs: [] };
    }
    return part;
  });
}

function shownSearch(item: Item, asked: ReadonlySet<Includable>): Item {
  const action = asked.has('web_search_call.action.sources') ? item['action'] : without(item['action'], 'sources');
  const shown = asked.has('web_search_call.results') ? item : (without(item, 'results') as Item);
  return { ...shown, action };
}

function typeOf(part: unknown): unknown {
  return typeof part === 'object' && part !== null && 'type' in part ? part.type : undefined;
}

function without(value: unknown, field: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== field));
}

/** What the hosted tools of a response cost besides tokens. Pages that were opened are not charged for. */
export function toolUsageOf(output: readonly Item[]): Record<string, unknown> {
  const searches = output.filter((item) => item.type === 'web_search_call' && actionType(item) === 'search');
  const none = { image_tokens: 0, text_tokens: 0 };
  return {
    image_gen: {
      input_tokens: 0,
      input_tokens_details: none,
      output_tokens: 0,
      output_tokens_details: none,
      total_tokens: 0,
    },
    web_search: { num_requests: searches.length },
  };
}

function actionType({ action }: Item): unknown {
  return typeof action === 'object' && action !== null && 'type' in action ? action.type : undefined;
}
