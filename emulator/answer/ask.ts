import type { Context } from '../responses/context';
import type { Item } from '../responses/record';
import type { RequestSettings } from '../responses/request';
import { spokenText } from '../responses/tokens';
import { readableJson, textOfJson } from './json-text';
import { splitPassages, type Passage } from './passages';
import { shorten } from './text';
import { toolOutput } from './tool-output';

/** A text that was sent along: an earlier answer, a tool's output, or a document inside a prompt. */
export interface Document {
  readonly title: string;
  readonly text: string;
}

/** How long an answer should be. */
export interface Limits {
  readonly sentences: number;
  readonly words: number;
}

/** What a request asks, taken apart. */
export interface Ask {
  /** What the last user message says, without the documents it carries. */
  readonly prompt: string;
  /** How it is to be done: instructions and messages of the system. */
  readonly guidance: string;
  /** What earlier user messages said, latest first. */
  readonly earlierPrompts: readonly string[];
  /** Documents inside the last user message. */
  readonly attached: readonly Document[];
  /** Earlier answers and tool outputs, oldest first, each named by what it answered. */
  readonly earlierAnswers: readonly Document[];
  /** What tools gave after the last user message, each named by its tool. */
  readonly toolOutputs: readonly Document[];
  readonly limits: Limits;
}

/** A prompt longer than this carries documents. */
const PROMPT_CHARS = 1000;
const PROMPT_PART_CHARS = 400;
const TITLE_CHARS = 80;
/** More than this of the context is never quoted; its latest part counts. */
const MATERIAL_CHARS = 200_000;
const SENTENCES = { low: 4, medium: 8, high: 14 } as const;
const NUMBER_WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** Reads a request as a question with its context. */
export function readAsk(body: RequestSettings, { earlier, input }: Context): Ask {
  const items = [...earlier, ...input];
  const last = items.findLastIndex((item) => item['role'] === 'user');
  const lastItem = items[last];
  const { prompt, attached } = splitPrompt(lastItem === undefined ? '' : spokenText(lastItem));
  const earlierPrompts = items
    .slice(0, Math.max(0, last))
    .filter((item) => item['role'] === 'user')
    .map((item) => splitPrompt(spokenText(item)).prompt)
    .toReversed();
  const orders = items.filter((item) => item['role'] === 'system' || item['role'] === 'developer').map(spokenText);
  const guidance = [body.instructions ?? '', ...orders].join('\n');
  const limits = readLimits(`${guidance}\n${prompt}`, body.text?.verbosity ?? 'medium');
  const earlierAnswers = readAnswers(items);
  const toolOutputs = readToolOutputs(items.slice(last + 1), items);
  return { prompt, guidance, earlierPrompts, attached, earlierAnswers, toolOutputs, limits };
}

/** The documents of an ask as passages, the latest ones first to count where there is too much. */
export function documentPassages(documents: readonly Document[]): Passage[] {
  const chosen: Document[] = [];
  let size = 0;
  for (const document of documents.toReversed()) {
    if (size + document.text.length > MATERIAL_CHARS && chosen.length > 0) break;
    chosen.unshift({ ...document, text: document.text.slice(0, MATERIAL_CHARS) });
    size += document.text.length;
  }
  return chosen.flatMap(({ title, text }, index) =>
    splitPassages({ kind: 'context', id: `context-${index}`, title }, textOfJson(text) ?? text),
  );
}

/** In a long message the question stands at its beginning, at its end or before a question mark. */
function splitPrompt(text: string): { prompt: string; attached: Document[] } {
  if (text.length <= PROMPT_CHARS) return { prompt: text, attached: [] };
  const lines = text.split('\n');
  const last = lines.findLastIndex((line) => line.trim() !== '');
  const asked = lines.filter((line, index) => {
    const atEdge = index === 0 || index === last;
    return line.trim() !== '' && line.length <= PROMPT_PART_CHARS && (atEdge || line.trim().endsWith('?'));
  });
  const prompt = asked.length > 0 ? asked.slice(-6).join('\n') : shorten(text, PROMPT_PART_CHARS);
  const rest = lines.filter((line) => !asked.includes(line)).join('\n');
  return { prompt, attached: [{ title: 'the text in the prompt', text: rest }] };
}

function readAnswers(items: readonly Item[]): Document[] {
  const documents: Document[] = [];
  let title = 'an earlier answer';
  for (const item of items) {
    const text = spokenText(item);
    if (item['role'] === 'user') title = shorten(text.replace(/\s+/g, ' ').trim(), TITLE_CHARS);
    const answer = item['role'] === 'assistant' ? text : toolOutput(item);
    if (answer.trim() !== '') documents.push({ title, text: answer });
  }
  return documents;
}

/** The outputs among some items; a call elsewhere tells which tool gave it. */
function readToolOutputs(items: readonly Item[], all: readonly Item[]): Document[] {
  return items.flatMap((item) => {
    const text = toolOutput(item).trim();
    if (text === '') return [];
    const call = item['name'] === undefined ? all.find((other) => isCallOf(other, item)) : item;
    return [{ title: asTitle(call?.['name'], item), text: readableJson(text) ?? text }];
  });
}

/** Whether an item names the tool that another one is about. */
function isCallOf(call: Item, { call_id: callId, approval_request_id: requestId }: Item): boolean {
  return call['name'] !== undefined && (callId === undefined ? call.id === requestId : call['call_id'] === callId);
}

function asTitle(name: unknown, item: Item): string {
  return typeof name === 'string' ? name : item.type.replace(/_(?:call|output)/g, '');
}

function readLimits(text: string, verbosity: keyof typeof SENTENCES): Limits {
  const sentences = readNumber(
    /\b(?:in|at most|up to|only|exactly)\s+(?:about\s+)?(\w+)\s+(?:short\s+)?sentences?\b/i,
    text,
  );
  const words = readNumber(/\b(?:in|at most|up to|under|about|within|maximum(?: of)?|max\.?)\s+(\d+)\s+words\b/i, text);
  return { sentences: sentences ?? SENTENCES[verbosity], words: words ?? Infinity };
}

function readNumber(pattern: RegExp, text: string): number | null {
  const word = pattern.exec(text)?.[1]?.toLowerCase();
  if (word === undefined) return null;
  const value = /^\d+$/.test(word) ? Number(word) : word === 'a' ? 1 : NUMBER_WORDS.indexOf(word);
  return value > 0 ? value : null;
}
