import type { ResponseRecord } from '../responses/record';

/** The events of responses. */
export const WEBHOOK_EVENTS = [
  'response.completed',
  'response.failed',
  'response.cancelled',
  'response.incomplete',
] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

/** The end of a background response, written when it is known and read when it has come. */
export interface EndingRow {
  readonly type: WebhookEventType;
  /** What faults are drawn by. */
  readonly response: Pick<ResponseRecord, 'id' | 'quirks'> & {
    readonly request: Pick<ResponseRecord['request'], 'metadata'>;
  };
}

/** What happened; all endpoints are told of it under one id. */
export interface WebhookEvent {
  readonly id: string;
  readonly type: WebhookEventType;
  /** When the response ended, in seconds since the epoch. */
  readonly createdAt: number;
  readonly responseId: string;
}

/** A signing secret, valid until an instant (milliseconds) once it has been replaced. */
export interface SigningSecret {
  readonly value: string;
  readonly expiresAt: number | null;
}

/** An endpoint that webhooks are sent to. */
export interface EndpointRecord {
  readonly id: string;
  readonly url: string;
  /** Newest first. */
  readonly secrets: readonly SigningSecret[];
  /** Types of events that are sent; null: all. */
  readonly eventTypes: readonly WebhookEventType[] | null;
  /** Milliseconds; null for an endpoint from the options, which is not stored. */
  readonly createdAt: number | null;
}

/** One POST to an endpoint. */
export interface Attempt {
  /** Milliseconds. */
  readonly at: number;
  /** Status of the answer, or null where none came. */
  readonly status: number | null;
  /** Why no answer came, or null. */
  readonly error: string | null;
}

/** One event on its way to one endpoint. Times are milliseconds. */
export interface DeliveryRecord {
  /** The `webhook-id` header, the same in every attempt. */
  readonly webhookId: string;
  readonly event: WebhookEvent;
  readonly endpointId: string;
  readonly url: string;
  /** When the first attempt was due. */
  readonly queuedAt: number;
  /** `given_up` after the last retry or with its endpoint, `lost` by a fault. */
  readonly state: 'pending' | 'delivered' | 'given_up' | 'lost';
  readonly nextAttemptAt: number | null;
  readonly attempts: readonly Attempt[];
  readonly badSignature: boolean;
  readonly oldTimestamp: boolean;
}
