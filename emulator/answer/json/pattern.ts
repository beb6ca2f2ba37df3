import ret, { types, type Char, type Range, type SetToken, type Token, type Tokens } from 'ret';
import { createContext, Script, type Context } from 'node:vm';
import { errorCode } from '../../error-code';

/** Longer texts are not made for a pattern, whatever it repeats. */
const MAX_CHARS = 10_000;
const ONE_TEST_MS = 20;
/** How long the patterns of one answer may be tried in all: a client's pattern may take for ever. */
const ALL_TESTS_MS = 200;

/** A JSON schema's pattern; Unicode where it can be read so. Throws a `SyntaxError`. */
export function compilePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return new RegExp(pattern);
  }
}

const TEST = new Script(`(() => {
  try { return new RegExp(pattern, 'u').test(text); } catch { return new RegExp(pattern).test(text); }
})()`);
let sandbox: Context | undefined;

/** Tries the patterns of one answer within a bounded time. */
export class PatternTester {
  private left = ALL_TESTS_MS;

  /** Whether a text matches; false too where that could not be found out in time. */
  matches(pattern: string, text: string): boolean {
    if (this.left <= 0) return false;
    const began = performance.now();
    // Only code that runs in a context of its own can be stopped in the middle of a match.
    sandbox ??= createContext(Object.create(null));
    Object.assign(sandbox, { pattern, text });
    try {
      return TEST.runInContext(sandbox, { timeout: ONE_TEST_MS }) === true;
    } catch (error) {
      if (errorCode(error) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
      throw error;
    } finally {
      this.left -= performance.now() - began;
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
  for (const more of [0, 1, 2, minLength]) {
    const text = write(ret(pattern), more);
    if (text === null) return null;
    const fits = text.length >= minLength && text.length <= maxLength;
    if (fits && tester.matches(pattern, text)) return text;
  }
  return null;
}

/** Writes the shortest text for a token, open repetitions repeated `more` times beyond their minimum; null if too long. */
function write(token: Tokens, more: number): string | null {
  switch (token.type) {
    case types.ROOT:
    case types.GROUP: {
      const stack: Token[] = token.stack ?? token.options?.[0] ?? [];
      return stack.reduce<string | null>((text, part) => join(text, text === null ? null : write(part, more)), '');
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
