import type { Deps } from '../../deps';
import { findResponse } from '../context';
import type { Item, ResponseRecord } from '../record';
import { eventLog, isTerminal, type LogOptions, type StreamEvent } from './log';

/** About so many characters are sent at once, where many events are due. */
const CHUNK_CHARS = 64 * 1024;
const DONE = 'data: [DONE]\n\n';

/** A response and its items, as they are stored. */
export interface StoredResponse {
  readonly record: ResponseRecord;
  readonly output: readonly Item[];
}

/** What a reader of a log asks for. */
export interface FollowOptions extends LogOptions {
  /** Number of the first event that is wanted. */
  readonly from: number;
  /** Events from before this instant are gone, in milliseconds since the epoch. */
  readonly since: number;
  /** Whether `[DONE]` follows the last event. */
  readonly streamDone: boolean;
}

/**
 * The log of a response as server-sent events: at once what was emitted already, then each event when it is due, until
 * the last one or until `closed` aborts. It is pulled: while a reader is slow nothing is read ahead.
 */
export async function* followLog(
  deps: Deps,
  { record, output }: StoredResponse,
  options: FollowOptions,
  closed: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { clock, store } = deps;
  let current = record;
  let written = output;
  let events: StreamEvent[] = [];
  let next = options.from;
  // Record and output may have changed since the caller read them.
  let changed = true;
  let wake = new AbortController();
  const wakeUp = (): void => wake.abort();
  const stopWatching = store.onWrite((changes) => {
    if (!changes.some(({ sublevel, key }) => key === record.id && sublevel === store.tables.responses)) return;
    changed = true;
    wakeUp();
  });
  closed.addEventListener('abort', wakeUp);
  // In turn with cancels: whatever is due by `now` can no longer be cut off.
  const readClock = async (): Promise<number> => {
    const now = clock.now();
    if (changed) {
      // One that was deleted meanwhile is read to its end.
      current = (await findResponse(store, record.id, now)) ?? current;
      written = (await store.tables.outputs.get(record.id)) ?? written;
      events = eventLog(current, written, options);
      changed = false;
    }
    return now;
  };
  try {
    while (!closed.aborted) {
      const now = await store.exclusive(readClock);
      const due = dueCount(events, now);
      yield* chunks(events.slice(next, due).filter(({ at }) => at >= options.since));
      next = Math.max(next, due);
      const end = events.findLast(isTerminal);
      if (end !== undefined && end.at <= now && next >= events.length) break;
      const waiting = events[next] ?? end;
      await clock.until(waiting?.at ?? Infinity, wake.signal).catch((error: unknown) => {
        if (!wake.signal.aborted) throw error;
        wake = new AbortController();
      });
    }
  } finally {
    stopWatching();
    closed.removeEventListener('abort', wakeUp);
  }
  if (options.streamDone && !closed.aborted) yield DONE;
}

function dueCount(events: readonly StreamEvent[], now: number): number {
  const first = events.findIndex(({ at }) => at > now);
  return first < 0 ? events.length : first;
}

function* chunks(events: readonly StreamEvent[]): Generator<string> {
  let chunk = '';
  for (const event of events) {
    chunk += toFrame(event);
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function toFrame({ data }: StreamEvent): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
