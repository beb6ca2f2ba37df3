import { type LoadedDataConverter, type Payload } from '@temporalio/common';

/** Payloads of an event, as Temporal's API has them. */
type Payloads = { payloads?: Payload[] | null } | null | undefined;

/** First value of an event's payloads, read as the client that fetched it reads values; undefined where there is none. */
export async function decodeFirst(converter: LoadedDataConverter, payloads: Payloads): Promise<unknown> {
  const [first] = payloads?.payloads ?? [];
  return first ? decodePayload(converter, first) : undefined;
}

/** The value of one payload. */
export async function decodePayload(
  { payloadConverter, payloadCodecs }: LoadedDataConverter,
  payload: Payload,
): Promise<unknown> {
  let decoded = [payload];
  for (const codec of payloadCodecs.toReversed()) decoded = await codec.decode(decoded);
  return payloadConverter.fromPayload(decoded[0] ?? payload);
}
