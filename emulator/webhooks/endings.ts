import type { Deps } from '../deps';
import { newId } from '../ids';
import { endsOf, statusAt, type ResponseRecord } from '../responses/record';
import { del, put, type Change } from '../state';
import { dueKey, ENDINGS_LANE, parseDueKey } from './due';
import type { WebhookEvent } from './record';

/**
 * What has to be written together with a record whose end became known or changed, so that its webhooks are sent. A
 * row of an end that does not hold any more may stay: it announces nothing.
 */
export function endingChanges({ store }: Pick<Deps, 'store'>, record: ResponseRecord): Change[] {
  const { id, request, endsAt } = record;
  if (request.background !== true) return [];
  const { webhooksDue } = store.tables;
  const ends = endsOf(record);
  return [
    ...(endsAt === null || ends.includes(endsAt) ? [] : [del(webhooksDue, dueKey(ENDINGS_LANE, endsAt, id))]),
    ...ends.map((at) => put(webhooksDue, dueKey(ENDINGS_LANE, at, id), id)),
  ];
}

/** The event of the end that a row stands for, or null where the response ends at another time or not at all. */
export function eventOf(record: ResponseRecord, key: string): WebhookEvent | null {
  const { id } = record;
  const at = endsOf(record).find((end) => key === dueKey(ENDINGS_LANE, end, id));
  const status = at === undefined ? 'in_progress' : statusAt(record, at);
  if (status === 'queued' || status === 'in_progress') return null;
  const createdAt = Math.floor(parseDueKey(key).at / 1000);
  return { id: newId('evt'), type: `response.${status}`, createdAt, responseId: id };
}
