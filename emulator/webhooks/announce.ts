import type { Deps } from '../deps';
import type { Fault } from '../faults/catalogue';
import { plansOfResponse } from '../faults/own';
import { newId } from '../ids';
import { del, put, type Change } from '../state';
import { dueKey, endingTime, timeKey } from './due';
import { listEndpoints } from './endpoints';
import { holds } from './endings';
import { planDeliveries } from './plan';
import type { DeliveryRecord, EndingRow, WebhookEvent } from './record';

const BATCH = 256;

/** An end that has come, with what its webhooks meet. */
interface Announcement {
  readonly key: string;
  readonly event: WebhookEvent;
  readonly faults: readonly Fault[];
}

/**
 * Turns ends that have come into deliveries, a batch at a time, each batch written whole. Returns when to look again
 * (milliseconds): at once where the batch was full, `Infinity` where no end is known.
 */
export async function announceEndings(deps: Deps): Promise<number> {
  const { store, clock } = deps;
  const { endings } = store.tables;
  const rows = await endings.iterator({ limit: BATCH }).all();
  const ended = rows.filter(([key]) => endingTime(key) <= clock.now());
  if (ended.length > 0) {
    const announcements = await readEnded(deps, ended);
    await store.exclusive(async () => {
      const queued = await queue(deps, announcements);
      await store.write([...ended.map(([key]) => del(endings, key)), ...queued]);
    });
  }
  const next = rows[ended.length];
  if (next !== undefined) return endingTime(next[0]);
  return rows.length < BATCH ? Infinity : clock.now();
}

/** Faults are drawn once for each event, whatever the number of endpoints; where there is none, nothing is. */
async function readEnded(deps: Deps, rows: readonly (readonly [string, EndingRow])[]): Promise<Announcement[]> {
  const found: Announcement[] = [];
  if ((await listEndpoints(deps)).length === 0) return found;
  for (const [key, { type, response }] of rows) {
    const { id, request } = response;
    const event = { id: newId('evt'), type, createdAt: Math.floor(endingTime(key) / 1000), responseId: id };
    const own = plansOfResponse(response);
    found.push({
      key,
      event,
      faults: await deps.faults.draw({ operations: ['webhook'], metadata: request.metadata ?? {}, own }),
    });
  }
  return found;
}

async function queue(deps: Deps, announcements: readonly Announcement[]): Promise<Change[]> {
  const endpoints = await listEndpoints(deps);
  const deliveries: DeliveryRecord[] = [];
  const { endings } = deps.store.tables;
  for (const { key, event, faults } of announcements) {
    // A cancel that began before the end may have been written after it, and the response deleted since.
    if ((await endings.get(key)) === undefined) continue;
    if (!holds(await deps.store.tables.responses.get(event.responseId), key)) continue;
    const listening = endpoints.filter(({ eventTypes: types }) => types === null || types.includes(event.type));
    for (const endpoint of listening) deliveries.push(...planDeliveries(deps.clock, { event, endpoint, faults }));
  }
  return deliveries.flatMap((delivery, copy) => queueChanges(deps.store.tables, delivery, copy));
}

/** What queues a new delivery; `copy` tells duplicates of one webhook apart. */
function queueChanges(tables: Deps['store']['tables'], delivery: DeliveryRecord, copy: number): Change[] {
  const { webhookId, endpointId, queuedAt, nextAttemptAt } = delivery;
  const key = `${timeKey(queuedAt)}!${webhookId}!${copy}`;
  const stored = put(tables.deliveries, key, delivery);
  return nextAttemptAt === null
    ? [stored]
    : [stored, put(tables.webhooksDue, dueKey(endpointId, nextAttemptAt, key), key)];
}
