import ret, { types, type Char, type Range, type SetToken, type Token, type Tokens } from 'ret';
import { createContext, Script, type Context } from 'node:vm';
import { errorCode } from '../../error-code';

/** Longer texts are not made for a pattern, whatever it repeats. */
const MAX_CHARS = 10_000;
/** A client's pattern may take for ever to be tried. */
const TEST_MS = 100;
/** How many tries of one answer may run out of time. */
const MAX_TIMEOUTS = 3;

/** A JSON schema's pattern; Unicode where it can be read so. Throws a `SyntaxError`. */
export function compilePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return new RegExp(pattern);
  }
}

/** Patterns that are no regular expressions after all, or too large for one, match nothing. */
const TEST = new Script(`(() => {
  for (const flags of ['u', '']) {
    try { return new RegExp(pattern, flags).test(text); } catch {}
  }
  return false;
})()`);
/** What stands for a Unicode class where a text is made up. */
const CLASSES: Readonly<Record<string, string>> = {
  Lu: 'A-Z',
  Ll: 'a-z',
  L: 'a-z',
  Letter: 'a-z',
  N: '0-9',
  Nd: '0-9',
};
let sandbox: Context | undefined;

/** Tries the patterns of one answer within a bounded time. */
export class PatternTester {
  private timeouts = 0;

  /** Whether a text matches; null where that could not be found out in time. */
  matches(pattern: string, text: string): boolean | null {
    if (this.timeouts >= MAX_TIMEOUTS) return null;
    // Only code that runs in a context of its own can be stopped in the middle of a match.
    sandbox ??= createContext(Object.create(null));
    Object.assign(sandbox, { pattern, text });
    try {
      return TEST.runInContext(sandbox, { timeout: TEST_MS }) === true;
    } catch (error) {
      if (errorCode(error) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      this.timeouts += 1;
      return null;
    }
  }
}

/**
 * A string that matches a pattern and has a length within bounds, or null where none could be made: look-arounds and the
 * like are not understood.
 */
export function stringFor(
  pattern: string,
  { minLength, maxLength }: { minLength: number; maxLength: number },
  tester: PatternTester,
): string | null {
  const tokens = parse(pattern);
  if (tokens === null) return null;
  for (const more of [0, 1, 2, minLength]) {
    const text = write(tokens, more);
    if (text === null) return null;
    const fits = text.length >= minLength && text.length <= maxLength;
    // It was made to match: only a definite no speaks against it.
    if (fits && tester.matches(pattern, text) !== false) return text;
  }
  return null;
}

/** The tokens of a pattern, or null where it is written as the tokenizer does not know. */
function parse(pattern: string): Tokens | null {
  const plain = pattern.replace(/(\[[^\]]*)?\\p\{(\w+)\}/g, (_, open: string | undefined, name: string) => {
    const range = CLASSES[name] ?? 'a-z';
    return open === undefined ? `[${range}]` : `${open}${range}`;
  });
  try {
    return ret(plain);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Writes the shortest text for a token, open repetitions repeated `more` times beyond their minimum; null if too long. */
function write(token: Tokens, more: number): string | null {
  switch (token.type) {
    case types.ROOT:
    case types.GROUP: {
      const texts = (token.options ?? [token.stack ?? []]).map((stack) => writeAll(stack, more));
      const [shortest] = texts.filter((text) => text !== null).toSorted((a, b) => a.length - b.length);
      return shortest ?? null;
    }
    case types.REPETITION: {
      const unit = write(token.value, more);
      const count = Math.min(token.max, token.min + more);
      return unit === null || unit.length * count > MAX_CHARS ? null : unit.repeat(count);
    }
    case types.CHAR:
      return String.fromCodePoint(token.value);
    case types.SET:
      return String.fromCodePoint(memberOf(token.set, token.not));
    case types.REFERENCE:
    case types.POSITION:
      break;
  }
  return '';
}

function writeAll(stack: readonly Token[], more: number): string | null {
  return stack.reduce<string | null>((text, part) => join(text, text === null ? null : write(part, more)), '');
}

function join(text: string | null, part: string | null): string | null {
  return text === null || part === null || text.length + part.length > MAX_CHARS ? null : text + part;
}

const PREFERRED = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ .,:/!?@#'
  .split('')
  .map((char) => char.charCodeAt(0));

/** A character of a set, a letter where one fits. */
function memberOf(set: readonly SetToken[], not: boolean): number {
  const fitting = PREFERRED.find((code) => contains(set, code) !== not);
  const first = set.find((part): part is Char | Range => part.type !== types.SET);
  const fallback = first?.type === types.RANGE ? first.from : (first?.value ?? 0x61);
  return fitting ?? fallback;
}

function contains(set: readonly SetToken[], code: number): boolean {
  return set.some((part) => {
    if (part.type === types.CHAR) return part.value === code;
    if (part.type === types.RANGE) return part.from <= code && code <= part.to;
    return contains(part.set, code) !== part.not;
  });
}
