import type { CreateBody } from './request';

/** An input or output item as it travels on the wire. */
export interface Item {
  readonly type: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

/** How a response ends when nothing cancels it. */
export type Ending =
  | { readonly status: 'completed' }
  | { readonly status: 'incomplete'; readonly reason: 'max_output_tokens' | 'content_filter' }
  | { readonly status: 'failed'; readonly code: string; readonly message: string };

/** Token counts of a response, fixed when it is created and shown when it has ended with an output. */
export interface Usage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

/**
 * A stored response. Its state at any instant follows from this record and the clock alone, so that no timer exists
 * and a killed process loses nothing. Times are milliseconds since the epoch.
 */
export interface ResponseRecord {
  readonly id: string;
  readonly request: Omit<CreateBody, 'input'>;
  readonly conversationId: string | null;
  readonly createdAt: number;
  readonly startsAt: number;
  /** null: it never ends. */
  readonly endsAt: number | null;
  readonly ending: Ending;
  readonly usage: Usage;
  readonly cancelledAt?: number;
  readonly deletedAt?: number;
}

/** The statuses of the Responses API. */
export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** The status of a response at an instant. */
export function statusAt(record: ResponseRecord, now: number): ResponseStatus {
  if (record.cancelledAt !== undefined) return 'cancelled';
  if (now < record.startsAt) return 'queued';
  if (record.endsAt === null || now < record.endsAt) return 'in_progress';
  return record.ending.status;
}

/** Whether a status can still change. */
export function isOpen(status: ResponseStatus): boolean {
  return status === 'queued' || status === 'in_progress';
}

/** One accepted create, as the admin list shows it. */
export interface CreateRow {
  readonly id: string;
  readonly createdAt: number;
  readonly metadata: Record<string, string>;
  readonly conversation: string | null;
  readonly previousResponseId: string | null;
  readonly inputBytes: number;
}
