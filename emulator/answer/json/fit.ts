import { shorten } from '../text';
import type { SchemaNode } from './node';
import { stringFor, type PatternTester } from './pattern';

/** A value of every format that the API knows, where the sources give none. */
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2001-01-01T00:00:00Z',
  date: '2001-01-01',
  time: '00:00:00Z',
  duration: 'P1D',
  email: 'nobody@emulator.invalid',
  hostname: 'emulator.invalid',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** A value of a known format, else undefined. */
export function formatted({ format }: SchemaNode): string | undefined {
  return format !== undefined && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
}

/** The first draft that obeys pattern and length; where none does, one that is made to. */
export function fitText(node: SchemaNode, drafts: readonly string[], tester: PatternTester): string {
  const { minLength = 0, maxLength = Infinity, pattern } = node;
  const [first = ''] = drafts;
  if (pattern === undefined) return sized(first, minLength, maxLength);
  const fits = (draft: string): boolean => {
    const length = codePoints(draft).length;
    return length >= minLength && length <= maxLength && tester.matches(pattern, draft) === true;
  };
  return drafts.find(fits) ?? stringFor(pattern, { minLength, maxLength }, tester) ?? first;
}

/** JSON schemas count characters, not the halves of which JavaScript makes some of them. */
function sized(text: string, minLength: number, maxLength: number): string {
  const length = codePoints(text).length;
  if (length < minLength) {
    const filler = text === '' ? '.' : ` ${text}`;
    const repeated = text + filler.repeat(Math.ceil((minLength - length) / codePoints(filler).length));
    return codePoints(repeated).slice(0, minLength).join('');
  }
  if (length <= maxLength) return text;
  const short = shorten(
    codePoints(text)
      .slice(0, maxLength + 1)
      .join(''),
    maxLength,
  );
  return codePoints(short).length >= minLength ? short : codePoints(text).slice(0, maxLength).join('');
}

function codePoints(text: string): string[] {
  return Array.from(text);
}
