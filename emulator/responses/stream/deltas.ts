import { createHash } from 'node:crypto';
import { charsOf } from '../tokens';

/** A text is cut into one delta a token, and into at most so many: a text of megabytes is no log of millions. */
const MAX_DELTAS = 1000;
const OBFUSCATION_BLOCK_CHARS = 16;
const HIGH_SURROGATE = /[\uD800-\uDBFF]/;

/** The pieces in which a text is streamed, the same each time. No piece ends inside a surrogate pair. */
export function deltasOf(text: string): string[] {
  const size = Math.max(charsOf(1), Math.ceil(text.length / MAX_DELTAS));
  const deltas: string[] = [];
  for (let start = 0; start < text.length;) {
    const splitsPair = HIGH_SURROGATE.test(text.charAt(start + size - 1));
    const end = start + size + (splitsPair ? 1 : 0);
    deltas.push(text.slice(start, end));
    start = end;
  }
  return deltas;
}

/** Characters that hide how long a delta is: they fill it up to a whole block. The same for each reading of a log. */
export function obfuscationOf(seed: string, delta: string): string {
  const length = OBFUSCATION_BLOCK_CHARS - (delta.length % OBFUSCATION_BLOCK_CHARS);
  return createHash('sha256').update(seed).digest('base64url').replace(/[-_]/g, 'x').slice(0, length);
}
