import type { RequestSettings } from './request';

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
  /** As it was sent, but for `store`: whether the response is kept. */
  readonly request: RequestSettings;
  readonly conversationId: string | null;
  readonly createdAt: number;
  readonly startsAt: number;
  /** null: it never ends. */
  readonly endsAt: number | null;
  readonly ending: Ending;
  readonly usage: Usage;
  readonly cancelledAt?: number;
  /** How many of its output items a cancelled response shows; absent: none. */
  readonly keptItems?: number;
  /** When it is forgotten; null or absent: never. */
  readonly expiresAt?: number | null;
  /** Where faults make its life differ from what schedule and ending say. */
  readonly quirks?: Quirks;
}

/** Oddities of one response, decided at its create. Instants and durations are milliseconds on the clock. */
export interface Quirks {
  /** How long a cancel takes to settle; a response that ends earlier has ended. */
  readonly cancelLagMs?: number;
  /** How long after its cancel has settled the response turns out to be completed. */
  readonly flipAfterMs?: number;
  readonly usageNull?: boolean;
  /** It follows instructions wherever it reads them. */
  readonly obedient?: boolean;
  /** Until then a retrieve shows the response as it was at its create. */
  readonly staleUntil?: number;
  /** From then on nobody finds it. */
  readonly expiresAt?: number;
  /** Faults of later requests about it, in the place of those of its metadata. */
  readonly plan?: string;
}

/** The statuses of the Responses API. */
export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** The status of a response at an instant. */
export function statusAt(record: ResponseRecord, now: number): ResponseStatus {
  const cancelled = cancelSettledAt(record);
  if (cancelled !== null && now >= cancelled) return now >= (flipsAt(record) ?? Infinity) ? 'completed' : 'cancelled';
  if (now < record.startsAt) return 'queued';
  if (record.endsAt === null || now < record.endsAt) return 'in_progress';
  return record.ending.status;
}

/** When its cancel has settled; null where nobody cancelled it or where it ended before. */
export function cancelSettledAt({ cancelledAt, endsAt, quirks }: ResponseRecord): number | null {
  if (cancelledAt === undefined) return null;
  const settled = cancelledAt + (quirks?.cancelLagMs ?? 0);
  return endsAt !== null && endsAt < settled ? null : settled;
}

/** When a cancelled response turns out to be completed; null: never. */
function flipsAt(record: ResponseRecord): number | null {
  const settled = cancelSettledAt(record);
  const after = record.quirks?.flipAfterMs;
  return settled === null || after === undefined ? null : settled + after;
}

/** When it reaches the last status that it will have; null: it stays open. */
export function endsForGoodAt(record: ResponseRecord): number | null {
  return flipsAt(record) ?? cancelSettledAt(record) ?? record.endsAt;
}

/** The instants at which it reaches a terminal status: none while it stays open, two where a cancelled one completes. */
export function endsOf(record: ResponseRecord): number[] {
  const settled = cancelSettledAt(record);
  return [settled ?? record.endsAt, flipsAt(record)].filter((at) => at !== null);
}

/** Whether a cancel took its output away for good: one that completes all the same still needs it. */
export function isCalledOff(record: ResponseRecord): boolean {
  const ends = endsOf(record);
  return record.cancelledAt !== undefined && ends.every((at) => statusAt(record, at) === 'cancelled');
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
