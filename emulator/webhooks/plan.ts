import type { Clock } from '../clock';
import { hasFault, numberOf, type Fault } from '../faults/catalogue';
import { newId } from '../ids';
import type { DeliveryRecord, EndpointRecord, WebhookEvent } from './record';

const FIRST_RETRY_SECONDS = 5;
const GIVE_UP_SECONDS = 72 * 3600;

/** How one delivery of an event differs from an ordinary one. */
export interface PlannedDelivery {
  /** Seconds at speed 1 by which the first attempt is late. */
  readonly delaySeconds: number;
  readonly lost: boolean;
  readonly badSignature: boolean;
  readonly oldTimestamp: boolean;
}

/** The deliveries of an event to one endpoint under the faults of its response: one, or two where it is doubled. */
export function deliveriesOf(faults: readonly Fault[]): PlannedDelivery[] {
  const plan = {
    delaySeconds: numberOf(faults, 'webhook_reordered') ?? 0,
    lost: hasFault(faults, 'webhook_lost'),
    badSignature: hasFault(faults, 'webhook_bad_signature'),
    oldTimestamp: hasFault(faults, 'webhook_old_timestamp'),
  };
  return hasFault(faults, 'webhook_doubled') ? [plan, plan] : [plan];
}

/** The rows of an event for one endpoint. A duplicate has the same `webhook-id`, which is how receivers know it. */
export function planDeliveries(
  clock: Clock,
  { event, endpoint, faults }: { event: WebhookEvent; endpoint: EndpointRecord; faults: readonly Fault[] },
): DeliveryRecord[] {
  const webhookId = newId('wh');
  return deliveriesOf(faults).map(({ delaySeconds, lost, badSignature, oldTimestamp }) => {
    const queuedAt = clock.now() + clock.scaled(delaySeconds);
    return {
      webhookId,
      event,
      endpointId: endpoint.id,
      url: endpoint.url,
      queuedAt,
      state: lost ? 'lost' : 'pending',
      nextAttemptAt: lost ? null : queuedAt,
      attempts: [],
      badSignature,
      oldTimestamp,
    };
  });
}

/** When to try again after a failed attempt: 5 s later, then after twice the wait each time; null after 72 hours. */
export function nextAttemptAt(clock: Clock, { queuedAt, attempts }: DeliveryRecord): number | null {
  const at = clock.now() + clock.scaled(FIRST_RETRY_SECONDS * 2 ** attempts.length);
  return at - queuedAt <= clock.scaled(GIVE_UP_SECONDS) ? at : null;
}
