import { type Payload } from '@temporalio/common';
import { z } from 'zod';

/**
 * Payloads as JSON has them in Temporal's remote codec protocol: bytes are base64, and an empty list is left out, as
 * protobuf's JSON leaves out every default (a query without arguments comes as `{}`). Unknown fields are left out.
 */
export const wirePayloadsSchema = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), z.base64()).optional(), data: z.base64().nullish() }))
    .default([]),
});
export type WirePayload = z.infer<typeof wirePayloadsSchema>['payloads'][number];

/** A payload of the protocol as the SDK has it. */
export function fromWire({ metadata = {}, data }: WirePayload): Payload {
  const entries = Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const);
  return { metadata: Object.fromEntries(entries), data: data ? Buffer.from(data, 'base64') : undefined };
}

/** A payload of the SDK as the protocol has it. */
export function toWire({ metadata, data }: Payload): WirePayload {
  const entries = Object.entries(metadata ?? {}).map(([name, bytes]) => [name, base64(bytes)] as const);
  return { metadata: Object.fromEntries(entries), ...(data?.length && { data: base64(data) }) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
