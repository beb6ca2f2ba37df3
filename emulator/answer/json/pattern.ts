import ret, { types, type Char, type Range, type SetToken, type Token, type Tokens } from 'ret';

/** A JSON schema's pattern; Unicode where it can be read so. Throws a `SyntaxError`. */
export function compilePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return new RegExp(pattern);
  }
}

/** A string that matches a pattern, or null where none could be made: look-arounds and the like are not understood. */
export function stringFor(pattern: string, minLength: number): string | null {
  const source = compilePattern(pattern);
  for (const more of [0, 1, 2, minLength]) {
    const text = write(ret(pattern), more);
    if (text.length >= minLength && source.test(text)) return text;
  }
  return null;
}

/** Writes the shortest text for a token; open repetitions are repeated `more` times beyond their minimum. */
function write(token: Tokens, more: number): string {
  switch (token.type) {
    case types.ROOT:
    case types.GROUP: {
      const stack: Token[] = token.stack ?? token.options?.[0] ?? [];
      return stack.map((part) => write(part, more)).join('');
    }
    case types.REPETITION:
      return write(token.value, more).repeat(Math.min(token.max, token.min + more));
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
