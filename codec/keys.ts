import { ConfigurationError } from '../contract/configuration-error';

/** Setting that holds the keys. */
export const ENCRYPTION_KEYS = 'DURABLE_RESEARCH_ENCRYPTION_KEYS';

const KEY_BYTES = 32;
/** Shorter than a key in base64, so that a key in the wrong place is never taken for an id and shown. */
const KEY_ID = /^[A-Za-z0-9._-]{1,32}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** A key and the name under which payloads tell what they were encrypted with. `key` must never be printed. */
export interface EncryptionKey {
  id: string;
  /** 32 bytes, for AES-256. */
  key: Buffer;
}

/**
 * Reads keys from a text of `id:base64`, several separated by commas or white space. The first encrypts, all decrypt.
 * @throws ConfigurationError naming the setting and the id of the key that is wrong; keys are never shown.
 */
export function parseEncryptionKeys(text: string | undefined): EncryptionKey[] {
  const entries = text?.split(/[\s,]+/).filter((entry) => entry !== '') ?? [];
  const keys = entries.map(parseKey);
  const twice = keys.find(({ id }, index) => keys.findIndex((other) => other.id === id) !== index);
  if (twice) throw wrong(`the id "${twice.id}" is used for two keys; give each key an id of its own`);
  return keys;
}

function parseKey(entry: string, index: number): EncryptionKey {
  const [id = '', text, ...rest] = entry.split(':');
  if (text === undefined || rest.length > 0 || !KEY_ID.test(id)) {
    throw wrong(
      `key ${index + 1} has another form; expected "id:key", with an id of 1-32 letters, digits, ".", "_" or "-", and a key of ${KEY_BYTES} bytes in base64`,
    );
  }
  const key = BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (key?.length === KEY_BYTES) return { id, key };
  const came = key ? `${key.length} bytes` : 'another text';
  throw wrong(
    `the key "${id}" is not usable: expected ${KEY_BYTES} bytes in base64, got ${came}; make one with: openssl rand -base64 ${KEY_BYTES}`,
  );
}

function wrong(problem: string): ConfigurationError {
  return new ConfigurationError(`${ENCRYPTION_KEYS}: ${problem}`);
}
