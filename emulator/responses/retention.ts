import type { Deps } from '../deps';
import type { ResolvedOptions } from '../options';
import { del, put, type Change, type Store } from '../state';
import { endsForGoodAt, type ResponseRecord } from './record';
import type { CreateBody } from './request';

/** How long what is not stored stays readable after its end, so that it can be polled. */
const POLLING_WINDOW_MS = 10 * 60_000;
const KEY_DIGITS = 16;
/** Later instants, which nobody lives to see, share the last key. */
const LAST_INSTANT = 10 ** (KEY_DIGITS - 1);

/** What a request's `store` comes to: the data mode has the last word. */
export function storeOf({ store }: Pick<CreateBody, 'store'>, mode: ResolvedOptions['dataMode']): boolean {
  if (mode === 'zdr') return false;
  return store ?? mode === 'standard';
}

/**
 * When a response is forgotten; null: never. A stored one is kept for the retention period and at least until it has
 * ended, any other for the polling window after its end.
 */
export function expiryOf(record: ResponseRecord, { retentionSeconds }: ResolvedOptions): number | null {
  if (record.quirks?.expiresAt !== undefined) return record.quirks.expiresAt;
  const end = endsForGoodAt(record);
  if (end === null) return null;
  if (record.request.store === false) return end + POLLING_WINDOW_MS;
  return Math.max(record.createdAt + retentionSeconds * 1000, end);
}

/** The record with its expiry, and the changes that write both. */
export function withExpiry(
  { store, options }: Deps,
  record: ResponseRecord,
): { record: ResponseRecord; changes: Change[] } {
  const { responses, expiries } = store.tables;
  const expiresAt = expiryOf(record, options);
  const kept = { ...record, expiresAt };
  const old = record.expiresAt ?? null;
  return {
    record: kept,
    changes: [
      put(responses, record.id, kept),
      ...(old === null ? [] : [del(expiries, expiryKey(old, record.id))]),
      ...(expiresAt === null ? [] : [put(expiries, expiryKey(expiresAt, record.id), record.id)]),
    ],
  };
}

/** Whether a response has been forgotten. */
export function isExpired({ expiresAt }: ResponseRecord, now: number): boolean {
  return (expiresAt ?? Infinity) <= now;
}

/** Key of a response that expires at an instant; keys sort by time. */
export function expiryKey(at: number, id: string): string {
  return `${String(Math.min(Math.ceil(at), LAST_INSTANT)).padStart(KEY_DIGITS, '0')}!${id}`;
}

/** The instant of a key. */
export function expiryTime(key: string): number {
  return Number(key.slice(0, KEY_DIGITS));
}

/** Everything that goes when a response goes; the list of creates and what a conversation took over stay. */
export async function removalOf({ tables }: Store, record: ResponseRecord): Promise<Change[]> {
  const { id, expiresAt } = record;
  const output = (await tables.outputs.get(id)) ?? [];
  return [
    del(tables.responses, id),
    del(tables.inputs, id),
    del(tables.outputs, id),
    ...output.map((item) => del(tables.itemOwners, item.id)),
    ...(typeof expiresAt === 'number' ? [del(tables.expiries, expiryKey(expiresAt, id))] : []),
  ];
}
