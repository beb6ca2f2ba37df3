import type { Item, Usage } from './record';
import type { CreateBody } from './request';

const CHARS_PER_TOKEN = 4;
/** The API caches prompt prefixes from 1024 tokens on, in steps of 128. */
const CACHE_MIN_TOKENS = 1024;
const CACHE_STEP_TOKENS = 128;

/** An estimate: about four characters a token. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}

/** How many characters fit into a number of tokens. */
export function charsOf(tokens: number): number {
  return tokens * CHARS_PER_TOKEN;
}

/** Tokens of everything that an item says to the model. */
export function countItemTokens(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + countTokens(spokenText(item)), 0);
}

/** What else the model reads of a request besides its items. */
export function guidanceOf({ instructions, tools, text }: Partial<CreateBody>): string {
  return [instructions, tools, text?.format].map((part) => (part === undefined ? '' : JSON.stringify(part))).join('');
}

/** What a response cost: `earlier` is what the server already held, which is where its cache applies. */
export function usageOf(tokens: { earlier: number; fresh: number; output: number; reasoning: number }): Usage {
  const input = tokens.earlier + tokens.fresh;
  const output = tokens.output + tokens.reasoning;
  const cached = tokens.earlier < CACHE_MIN_TOKENS ? 0 : tokens.earlier - (tokens.earlier % CACHE_STEP_TOKENS);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: tokens.reasoning },
    total_tokens: input + output,
  };
}

/** The text of an item: a message's parts, a call's arguments, an output; never ids and annotations. */
export function spokenText(item: Readonly<Record<string, unknown>>): string {
  const { content } = item;
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(partText).join('\n');
  return ['arguments', 'output', 'input'].map((field) => asText(item[field])).join('');
}

function partText(part: unknown): string {
  if (typeof part !== 'object' || part === null) return '';
  if ('text' in part) return asText(part.text);
  return 'refusal' in part ? asText(part.refusal) : '';
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.map(partText).join('\n') : '';
}
