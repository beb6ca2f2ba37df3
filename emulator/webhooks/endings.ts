import type { Deps } from '../deps';
import { endsOf, statusAt, type ResponseRecord } from '../responses/record';
import { del, put, type Change } from '../state';
import { endingKey } from './due';
import type { EndingRow } from './record';

/**
 * What has to be written together with a record whose end became known or changed, so that its webhooks are sent. A
 * row of an end that does not hold any more may stay: it announces nothing while the record says otherwise.
 */
export function endingChanges({ store }: Pick<Deps, 'store'>, record: ResponseRecord): Change[] {
  const { id, request, endsAt, quirks } = record;
  if (request.background !== true) return [];
  const { endings } = store.tables;
  const ends = endsOf(record);
  const gone = endsAt === null || ends.includes(endsAt) ? [] : [del(endings, endingKey(endsAt, id))];
  const rows = ends.flatMap((at) => {
    const status = statusAt(record, at);
    if (status === 'queued' || status === 'in_progress') return [];
    // The response may be deleted or expire before it is told of, so the row holds all that is needed.
    const row: EndingRow = { type: `response.${status}`, response: { id, request: pickMetadata(request), quirks } };
    return [put(endings, endingKey(at, id), row)];
  });
  return [...gone, ...rows];
}

function pickMetadata({ metadata }: ResponseRecord['request']): EndingRow['response']['request'] {
  return { metadata };
}

/** Whether a row still stands for an end of its response; one that is gone has ended before. */
export function holds(record: ResponseRecord | undefined, key: string): boolean {
  return record === undefined || endsOf(record).some((at) => key === endingKey(at, record.id));
}
