import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Payload, type PayloadCodec, ValueError } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { ENCRYPTION_KEYS, type EncryptionKey } from './keys';

const { Payload: PayloadProto } = temporal.api.common.v1;

/** Names in a payload's metadata; those of Temporal's own samples, so that tools know them. */
const ENCODING = 'encoding';
const KEY_ID = 'encryption-key-id';
const ENCRYPTED = 'binary/encrypted';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bound into every payload with the key's id: another layout will have another name. */
const LAYOUT = 'durable-research/1';

/** A payload that cannot be decrypted: its key is missing, or its bytes are not those that were encrypted. */
export class DecryptionError extends ValueError {
  override readonly name = 'DecryptionError';
}

/**
 * Encrypts payloads with the first key and decrypts with the one that each names. Those that are not encrypted are let
 * through as they are: runs that other tools start, and what was begun without keys. Without keys nothing is encrypted,
 * and what is encrypted is refused with a message that says what to set.
 */
export function createEncryptionCodec(keys: readonly EncryptionKey[]): PayloadCodec {
  const [first] = keys;
  return {
    encode: async (payloads) => (first ? payloads.map((payload) => encrypt(first, payload)) : payloads),
    decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypt(keys, payload) : payload)),
  };
}

/** Whether a payload is one of `createEncryptionCodec`, or of a codec that marks them alike. */
export function isEncrypted({ metadata }: Payload): boolean {
  return textOf(metadata?.[ENCODING]) === ENCRYPTED;
}

function encrypt({ id, key }: EncryptionKey, payload: Payload): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(id));
  // The whole payload, its metadata included: what kind of value it was comes back with it.
  const data = [cipher.update(PayloadProto.encode(payload).finish()), cipher.final()];
  return {
    metadata: { [ENCODING]: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(id) },
    data: Buffer.concat([nonce, ...data, cipher.getAuthTag()]),
  };
}

function decrypt(keys: readonly EncryptionKey[], { metadata, data }: Payload): Payload {
  const id = textOf(metadata?.[KEY_ID]);
  const known = keys.find((key) => key.id === id);
  if (!known) {
    throw new DecryptionError(
      `a payload is encrypted with the key "${id}", which is not among those of ${ENCRYPTION_KEYS} (${namesOf(keys)}); add it there`,
    );
  }
  try {
    return PayloadProto.decode(opened(known, Buffer.from(data ?? [])));
  } catch (cause) {
    throw new DecryptionError(
      `a payload that names the key "${id}" cannot be decrypted with it; check that ${ENCRYPTION_KEYS} has the key under this id that encrypted it`,
      cause,
    );
  }
}

function opened({ id, key }: EncryptionKey, data: Buffer): Buffer {
  const tagAt = data.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(boundTo(id))
    .setAuthTag(data.subarray(Math.max(0, tagAt)));
  return Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, tagAt)), decipher.final()]);
}

function boundTo(id: string): Buffer {
  return Buffer.from(`${LAYOUT}/${id}`);
}

function namesOf(keys: readonly EncryptionKey[]): string {
  return keys.length === 0 ? 'it is not set' : `it has ${keys.map(({ id }) => `"${id}"`).join(', ')}`;
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString() : '';
}
