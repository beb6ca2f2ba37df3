import type { Draft } from '../answer/draft';
import { newId } from '../ids';
import type { Item } from './record';
import type { RequestSettings } from './request';
import { charsOf, countTokens } from './tokens';

/** A model that reasons unless it is told otherwise, by its name. */
const REASONING_MODEL = /^(?:o\d|gpt-(?:[5-9]|\d\d))/;

/** Whether a request asks for reasoning, by its effort or else by its model's name. */
export function asksForReasoning({ reasoning, model }: Pick<RequestSettings, 'reasoning' | 'model'>): boolean {
  if (reasoning?.effort !== undefined) return reasoning.effort !== 'none';
  return REASONING_MODEL.test(model);
}

/** The output items of a response, and what they cost. */
export interface Output {
  readonly items: Item[];
  /** Output tokens without those of the reasoning. */
  readonly tokens: number;
  readonly reasoningTokens: number;
  /** Whether `max_output_tokens` cut it. */
  readonly truncated: boolean;
}

/**
 * Turns a draft into output items, cut where `max_output_tokens` (reasoning included) ends; without a draft the response
 * ends with its calls.
 */
export function toOutput(
  draft: Pick<Draft, 'text' | 'annotations'> | null,
  options: { calls: readonly Item[]; maxTokens: number | null; reasoningTokens: number; summary: string | null },
): Output {
  const { calls, maxTokens, reasoningTokens, summary } = options;
  const reasoning = reasoningTokens > 0 ? [toReasoning(summary)] : [];
  const called = countTokens(calls.map((call) => saidIn(call)).join(''));
  if (draft === null) return { items: [...reasoning, ...calls], tokens: called, reasoningTokens, truncated: false };
  const room = maxTokens === null ? Infinity : Math.max(0, maxTokens - reasoningTokens - called);
  const truncated = countTokens(draft.text) > room;
  const text = truncated ? draft.text.slice(0, charsOf(room)) : draft.text;
  const message = text === '' && truncated ? [] : [toMessage(draft, text, truncated)];
  return {
    items: [...reasoning, ...calls, ...message],
    tokens: called + countTokens(text),
    reasoningTokens,
    truncated,
  };
}

/** What the model itself writes of a call. */
function saidIn(call: Item): string {
  return ['arguments', 'input', 'code'].map((field) => (typeof call[field] === 'string' ? call[field] : '')).join('');
}

function toReasoning(summary: string | null): Item {
  return {
    id: newId('rs'),
    type: 'reasoning',
    summary: summary === null ? [] : [{ type: 'summary_text', text: summary }],
  };
}

function toMessage(draft: Pick<Draft, 'annotations'>, text: string, truncated: boolean): Item {
  const annotations = draft.annotations.filter(
    (note) => (note.type === 'url_citation' ? note.end_index : note.index) <= text.length,
  );
  return {
    id: newId('msg'),
    type: 'message',
    status: truncated ? 'incomplete' : 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations, logprobs: [] }],
  };
}
