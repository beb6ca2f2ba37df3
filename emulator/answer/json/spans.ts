import { term } from '../text';

/** Pieces of a prompt that can stand as a value, each kind in the order of the prompt. */
export interface Spans {
  /** What stands in quotation marks, proper names and codes. */
  readonly names: readonly string[];
  readonly numbers: readonly number[];
  readonly emails: readonly string[];
  readonly urls: readonly string[];
  readonly dates: readonly string[];
  /** What stands behind a preposition: `in paris` -> `paris`. */
  readonly objects: readonly string[];
}

const QUOTED = /["“”„«]([^"“”«»\n]{1,200})["“”»]|(?<![\p{L}\p{N}])['‘`]([^'‘’`\n]{1,200})['’`](?![\p{L}\p{N}])/gu;
const URL_LIKE = /\bhttps?:\/\/[^\s<>"')\]]+[^\s<>"')\].,;:!?]/g;
const EMAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;
const DATE = /\b\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?\b/g;
const NUMBER = /(?<![\p{L}\p{N}.-]|\p{L}-)-?\d{1,15}(?:\.\d{1,15})?(?![\p{L}\p{N}]|\.\d|-\p{L})/gu;
const CODE = /(?<![\p{L}\p{N}_-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{2,64}(?![\p{L}\p{N}_-])/gu;
const CAPITALS = /(?<![\p{L}\p{N}_@.-])\p{Lu}[\p{L}'’-]*(?: (?:(?:of|de|von|van|la|the) )?\p{Lu}[\p{L}'’-]*)*/gu;
const OBJECT =
  /\b(?:in|for|of|at|from|to|about|on|with|named|called|between)\s+((?:(?!\b(?:in|for|of|at|from|to|about|on|with|and|or|is|are)\b)[\p{L}\p{N}'’-]+[ ]?){1,4})/giu;
/** Longer prompts are read no further: a value stands near the question. */
const PROMPT_CHARS = 4000;

/** Finds in a prompt what can stand as a value. */
export function readSpans(prompt: string): Spans {
  const text = prompt.slice(0, PROMPT_CHARS);
  const urls = all(text, URL_LIKE);
  const emails = all(text, EMAIL);
  const dates = all(text, DATE);
  const rest = blank(text, [...urls, ...emails, ...dates]);
  const quoted = [...rest.matchAll(QUOTED)].map((match) => ({ at: match.index, text: match[1] ?? match[2] ?? '' }));
  const bare = blank(rest, all(rest, QUOTED));
  const codes = [...bare.matchAll(CODE)].map((match) => ({ at: match.index, text: match[0] }));
  const found = [...quoted, ...codes, ...properNames(bare)].toSorted((a, b) => a.at - b.at);
  return {
    names: [...new Set(found.map((name) => name.text.trim()).filter((name) => name !== ''))],
    numbers: all(bare, NUMBER).map(Number),
    emails,
    urls,
    dates,
    objects: [...bare.matchAll(OBJECT)].map((match) => (match[1] ?? '').trim()).filter((word) => word !== ''),
  };
}

/** Capitalised words; the first word of a sentence is capitalised anyway and counts only with what follows it. */
function properNames(text: string): { at: number; text: string }[] {
  return [...text.matchAll(CAPITALS)].flatMap(({ 0: match, index }) => {
    const opens = /(?:^|[.!?:\n]\s*)$/.test(text.slice(Math.max(0, index - 3), index));
    const words = match.split(' ');
    const kept = opens ? words.slice(1) : words;
    const name = kept.join(' ').replace(/['’]s?$/, '');
    const says = kept.some((word) => term(word) !== null);
    return says && name.length > 1 ? [{ at: index + match.length - name.length, text: name }] : [];
  });
}

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[0]);
}

function blank(text: string, parts: readonly string[]): string {
  return parts.reduce((rest, part) => rest.replace(part, ' '.repeat(part.length)), text);
}
