import { createHash } from 'node:crypto';
import { type StoredOutput, storedOutputSchema } from './port';

const SHA256 = /^[0-9a-f]{64}$/;

/** Content address of a text: its SHA-256 in hexadecimal. */
export function addressOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Whether a reference is a content address; anything else was kept by another store. */
export function isAddress(ref: string): boolean {
  return SHA256.test(ref);
}

/** A stored output, or undefined for one that is damaged: the reader asks the provider then. */
export function parseOutput(text: string): StoredOutput | undefined {
  try {
    return storedOutputSchema.parse(JSON.parse(text));
  } catch {
    // The caller warns; what is wrong with a damaged file does not matter.
    return undefined;
  }
}
