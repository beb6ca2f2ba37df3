import type { Deps } from '../deps';
import { errorMessage } from '../error-code';
import { del, put } from '../state';
import { dueKey } from './due';
import { findEndpoint, validSecrets } from './endpoints';
import { nextAttemptAt } from './plan';
import { postWebhook } from './post';
import type { Attempt, DeliveryRecord, EndpointRecord } from './record';
import { newWebhookSecret, signatureHeader } from './signature';

/** The API asks for an answer within a few seconds. Real time: the receiver's work does not run at our speed. */
const TIMEOUT_MS = 5000;
/** Receivers take a timestamp for five minutes. */
const OLD_SECONDS = 600;

/**
 * Makes one attempt of a delivery and writes down how it went, with the time of the next one where it failed. When
 * `signal` aborts, nothing is written and the attempt is made again after the next start: at least once.
 */
export async function attemptDelivery(
  deps: Deps,
  { key, dueRow, signal }: { key: string; dueRow: string; signal: AbortSignal },
): Promise<void> {
  const { store, clock } = deps;
  const { deliveries, webhooksDue } = store.tables;
  const isDue = (delivery: DeliveryRecord | undefined): delivery is DeliveryRecord => {
    const due = delivery?.nextAttemptAt ?? null;
    return delivery !== undefined && due !== null && dueRow === dueKey(delivery.endpointId, due, key);
  };
  const planned = await deliveries.get(key);
  const endpoint = planned && (await findEndpoint(deps, planned.endpointId));
  // Rows are read ahead: this one may have been dealt with since, or have gone with its endpoint.
  if (!isDue(planned) || endpoint === undefined) return store.write([del(webhooksDue, dueRow)]);
  const at = clock.now();
  const result = await send(planned, { endpoint, now: at, signal });
  if (signal.aborted) return;
  await store.exclusive(async () => {
    const delivery = await deliveries.get(key);
    // With its endpoint a delivery is given up, also while an attempt is on its way.
    if (!isDue(delivery)) return;
    const tried = afterAttempt(deps, delivery, { at, ...result });
    const next = tried.nextAttemptAt;
    await store.write([
      del(webhooksDue, dueRow),
      put(deliveries, key, tried),
      ...(next === null ? [] : [put(webhooksDue, dueKey(delivery.endpointId, next, key), key)]),
    ]);
  });
}

function afterAttempt({ clock }: Deps, delivery: DeliveryRecord, attempt: Attempt): DeliveryRecord {
  const tried = { ...delivery, attempts: [...delivery.attempts, attempt] };
  const taken = attempt.status !== null && attempt.status >= 200 && attempt.status < 300;
  if (taken) return { ...tried, state: 'delivered', nextAttemptAt: null };
  const next = nextAttemptAt(clock, delivery);
  return { ...tried, state: next === null ? 'given_up' : 'pending', nextAttemptAt: next };
}

async function send(
  delivery: DeliveryRecord,
  { endpoint, now, signal }: { endpoint: EndpointRecord; now: number; signal: AbortSignal },
): Promise<Omit<Attempt, 'at'>> {
  const { webhookId: id, event, badSignature, oldTimestamp } = delivery;
  // The system's time, since the receiver compares it with its own clock and knows nothing of a clock that was moved.
  const timestamp = Math.floor(Date.now() / 1000) - (oldTimestamp ? OLD_SECONDS : 0);
  const body = JSON.stringify({
    id: event.id,
    object: 'event',
    type: event.type,
    created_at: event.createdAt,
    data: { id: event.responseId },
  });
  const secrets = badSignature ? [newWebhookSecret()] : validSecrets(endpoint, now);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatureHeader({ id, timestamp, body }, secrets),
  };
  try {
    return { status: await postWebhook(endpoint.url, { headers, body, timeoutMs: TIMEOUT_MS, signal }), error: null };
  } catch (error) {
    return { status: null, error: errorMessage(error) };
  }
}
