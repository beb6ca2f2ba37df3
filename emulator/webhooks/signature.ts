import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';

const PREFIX = 'whsec_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * A signing secret: `whsec_` and base64, or any other text, whose bytes then are the key. Its errors never show it.
 */
export const webhookSecretSchema = z
  .string()
  .min(1)
  .max(512)
  .refine((secret) => !secret.startsWith(PREFIX) || BASE64.test(secret.slice(PREFIX.length)), {
    error: 'expected base64 with padding after whsec_.',
  });

/** A new signing secret of 32 random bytes. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(32).toString('base64');
}

/** What a signature covers. */
export interface SignedMessage {
  /** The `webhook-id` header. */
  readonly id: string;
  /** The `webhook-timestamp` header, seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/** The `webhook-signature` header: one `v1,<base64>` for each secret, separated by spaces. */
export function signatureHeader({ id, timestamp, body }: SignedMessage, secrets: readonly string[]): string {
  return secrets
    .map((secret) => `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`)
    .join(' ');
}

function keyOf(secret: string): Buffer {
  return secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret);
}
