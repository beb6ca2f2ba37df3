import { createHash } from 'node:crypto';

/** Longest name of a function that the API takes. */
const MAX_NAME = 64;
const HASH_CHARS = 8;

/**
 * Name of the function that models call for a tool: `<server>__<tool>`. What the API does not take in a name is
 * replaced, what is too long is cut; then a hash of both names keeps it apart from others. It depends on both names
 * alone, so that every worker and every run has the same.
 */
export function functionName(server: string, tool: string): string {
  const whole = `${server}__${tool}`;
  const plain = whole.replaceAll(/[^A-Za-z0-9_-]/g, '_');
  if (plain === whole && whole.length <= MAX_NAME) return whole;
  const hash = createHash('sha256')
    .update(JSON.stringify([server, tool]))
    .digest('hex')
    .slice(0, HASH_CHARS);
  return `${plain.slice(0, MAX_NAME - HASH_CHARS - 1)}_${hash}`;
}
