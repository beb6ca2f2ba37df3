import type { Item } from '../record';
import { deltasOf } from './deltas';

/** An event before it has its number. */
export interface EventBody {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** How items of one type are streamed. */
interface ItemStream {
  /** The fields that an item has not yet when it is added. */
  readonly empty: Readonly<Record<string, unknown>>;
  /** The events between its `added` and its `done`; `place` says in each of them which item is meant. */
  readonly events: (item: Item, place: Place) => EventBody[];
}

interface Place {
  readonly item_id: string;
  readonly output_index: number;
}

const IN_PROGRESS = { status: 'in_progress' };

/** Every type of items with events of its own; any other item is added and done. */
const ITEM_STREAMS: ReadonlyMap<string, ItemStream> = new Map([
  ['message', { empty: { ...IN_PROGRESS, content: [] }, events: messageEvents }],
  ['reasoning', { empty: { summary: [], encrypted_content: '' }, events: summaryEvents }],
  ['web_search_call', { empty: IN_PROGRESS, events: searchEvents }],
  ['file_search_call', { empty: { ...IN_PROGRESS, queries: [], results: null }, events: searchEvents }],
  ['function_call', { empty: { ...IN_PROGRESS, arguments: '' }, events: functionCallEvents }],
  ['custom_tool_call', { empty: { ...IN_PROGRESS, input: '' }, events: customCallEvents }],
  ['code_interpreter_call', { empty: { ...IN_PROGRESS, code: '', outputs: null }, events: codeEvents }],
  ['mcp_list_tools', { empty: { tools: [] }, events: listToolsEvents }],
  ['mcp_call', { empty: { ...IN_PROGRESS, arguments: '', output: null, error: null }, events: mcpCallEvents }],
]);

/** The events of one output item, in the API's order: it is added, grows, and is done. */
export function itemEvents(item: Item, index: number): EventBody[] {
  const stream = ITEM_STREAMS.get(item.type);
  const place = { item_id: item.id, output_index: index };
  const added = { ...item, ...Object.fromEntries(Object.entries(stream?.empty ?? {}).filter(([key]) => key in item)) };
  return [
    { type: 'response.output_item.added', output_index: index, item: added },
    ...(stream?.events(item, place) ?? []),
    { type: 'response.output_item.done', output_index: index, item },
  ];
}

// Output items are made by this program alone, so their fields need no second check here.
type Part =
  | { type: 'output_text'; text: string; annotations: readonly unknown[]; logprobs: readonly unknown[] }
  | { type: 'refusal'; refusal: string };

function messageEvents(item: Item, place: Place): EventBody[] {
  const parts = item['content'] as readonly Part[];
  return parts.flatMap((part, content_index) => {
    const here = { ...place, content_index };
    const empty =
      part.type === 'refusal' ? { ...part, refusal: '' } : { ...part, text: '', annotations: [], logprobs: [] };
    return [
      { type: 'response.content_part.added', ...here, part: empty },
      ...(part.type === 'refusal' ? refusalEvents(part.refusal, here) : textEvents(part, here)),
      { type: 'response.content_part.done', ...here, part },
    ];
  });
}

function refusalEvents(refusal: string, here: object): EventBody[] {
  return [...deltaEvents('response.refusal', refusal, here), { type: 'response.refusal.done', ...here, refusal }];
}

function textEvents(part: Extract<Part, { type: 'output_text' }>, here: object): EventBody[] {
  const { text, annotations, logprobs } = part;
  return [
    ...deltaEvents('response.output_text', text, { ...here, logprobs: [] }),
    ...annotations.map((annotation, annotation_index) => ({
      type: 'response.output_text.annotation.added',
      ...here,
      annotation_index,
      annotation,
    })),
    { type: 'response.output_text.done', ...here, text, logprobs },
  ];
}

function summaryEvents(item: Item, place: Place): EventBody[] {
  const parts = item['summary'] as readonly { type: 'summary_text'; text: string }[];
  return parts.flatMap((part, summary_index) => {
    const here = { ...place, summary_index };
    return [
      { type: 'response.reasoning_summary_part.added', ...here, part: { ...part, text: '' } },
      ...deltaEvents('response.reasoning_summary_text', part.text, here),
      { type: 'response.reasoning_summary_text.done', ...here, text: part.text },
      { type: 'response.reasoning_summary_part.done', ...here, part },
    ];
  });
}

function searchEvents(item: Item, place: Place): EventBody[] {
  return phases(item, place, ['in_progress', 'searching', ...completed(item)]);
}

function functionCallEvents(item: Item, place: Place): EventBody[] {
  const text = textOf(item, 'arguments');
  return [
    ...deltaEvents('response.function_call_arguments', text, place),
    { type: 'response.function_call_arguments.done', ...place, name: item['name'], arguments: text },
  ];
}

function customCallEvents(item: Item, place: Place): EventBody[] {
  const input = textOf(item, 'input');
  return [
    ...deltaEvents('response.custom_tool_call_input', input, place),
    { type: 'response.custom_tool_call_input.done', ...place, input },
  ];
}

function codeEvents(item: Item, place: Place): EventBody[] {
  const code = textOf(item, 'code');
  return [
    ...phases(item, place, ['in_progress']),
    ...deltaEvents('response.code_interpreter_call_code', code, place),
    { type: 'response.code_interpreter_call_code.done', ...place, code },
    ...phases(item, place, ['interpreting', ...completed(item)]),
  ];
}

function listToolsEvents(item: Item, place: Place): EventBody[] {
  return phases(item, place, ['in_progress', hasError(item) ? 'failed' : 'completed']);
}

function mcpCallEvents(item: Item, place: Place): EventBody[] {
  const text = textOf(item, 'arguments');
  return [
    ...phases(item, place, ['in_progress']),
    ...deltaEvents('response.mcp_call_arguments', text, place),
    { type: 'response.mcp_call_arguments.done', ...place, arguments: text },
    ...phases(item, place, [hasError(item) || item['status'] === 'failed' ? 'failed' : 'completed']),
  ];
}

function phases(item: Item, place: Place, names: readonly string[]): EventBody[] {
  return names.map((name) => ({ type: `response.${item.type}.${name}`, ...place }));
}

/** These calls have no event for an end that is not completion: their `done` alone shows it. */
function completed(item: Item): string[] {
  return item['status'] === 'completed' ? ['completed'] : [];
}

function hasError(item: Item): boolean {
  return item['error'] !== undefined && item['error'] !== null;
}

function textOf(item: Item, field: string): string {
  const value = item[field];
  return typeof value === 'string' ? value : '';
}

function deltaEvents(name: string, text: string, here: object): EventBody[] {
  return deltasOf(text).map((delta) => ({ type: `${name}.delta`, ...here, delta }));
}
