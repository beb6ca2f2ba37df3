import type { Item } from './record';
import type { CreateBody } from './request';

type Include = NonNullable<CreateBody['include']>[number];

/** Items as a client sees them: stored with all they hold, shown without what was not asked for. */
export function shownItems(items: readonly Item[], include: readonly Include[]): Item[] {
  return items.map((item) => shownItem(item, include));
}

function shownItem(item: Item, include: readonly Include[]): Item {
  switch (item.type) {
    case 'file_search_call':
      return include.includes('file_search_call.results') ? item : { ...item, results: null };
    case 'code_interpreter_call':
      return include.includes('code_interpreter_call.outputs') ? item : { ...item, outputs: null };
    case 'web_search_call':
      return include.includes('web_search_call.action.sources') ? item : withoutSources(item);
    default:
      return item;
  }
}

function withoutSources(item: Item): Item {
  const { sources: _sources, ...action } = (item['action'] ?? {}) as Record<string, unknown>;
  return { ...item, action };
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
