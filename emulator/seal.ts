import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A new key for `seal`, 32 bytes. */
export function newSealKey(): Buffer {
  return randomBytes(32);
}

/** Makes a text out of a JSON value that only the holder of the key can read, such as the API's `encrypted_content`. */
export function seal(key: Buffer, value: unknown): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const body = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

/** The value of a sealed text; undefined where this key did not seal it. */
export function unseal(key: Buffer, text: string): unknown {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const body = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
  try {
    return JSON.parse(Buffer.concat([body, decipher.final()]).toString('utf8')) as unknown;
  } catch {
    // What was changed or sealed with another key fails its authentication.
    return undefined;
  }
}
