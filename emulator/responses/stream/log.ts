import type { ResolvedOptions } from '../../options';
import type { Includable } from '../include';
import { cancelSettledAt, type Ending, type Item, type ResponseRecord } from '../record';
import { responseAt, shownOutput } from '../snapshot';
import { obfuscationOf } from './deltas';
import { itemEvents, type EventBody } from './item-events';

/** What a client sees of one event, `sequence_number` counted from 0. */
export interface EventData extends EventBody {
  readonly sequence_number: number;
}

/** One event of a response's log. */
export interface StreamEvent {
  /** When it is emitted, in milliseconds since the epoch. */
  readonly at: number;
  readonly data: EventData;
}

/** What changes the form of a log, but never its order or its numbers. */
export interface LogOptions {
  readonly errorEvent: ResolvedOptions['errorEvent'];
  /** Whether deltas carry `obfuscation`. */
  readonly obfuscation: boolean;
  /** What a reader asks for besides what the create asked for. */
  readonly include: readonly Includable[];
}

interface TimedBody {
  readonly at: number;
  readonly body: EventBody;
}

/** Failures that the API finds before it runs anything: they leave no output behind. Others happen midway. */
const EARLY_FAILURE = /quota|rate_limit|invalid|policy|mismatch|image/;

/**
 * Every event of a response, those to come included: what a response streams follows from its record and its items
 * alone, so that each reader, and each process after a restart, sees the same numbers and the same pieces of text. A
 * response that never ends has no terminal event.
 */
export function eventLog(record: ResponseRecord, output: readonly Item[], options: LogOptions): StreamEvent[] {
  const shown = shownOutput(record, output, options.include);
  const bodies = [...openingOf(record), ...middleOf(record, shown)];
  const cancelledAt = cancelSettledAt(record);
  const kept = cancelledAt === null ? bodies : bodies.filter(({ at }) => at <= cancelledAt);
  return [...kept, ...endOf(record, output, options)].map(({ at, body: { type, ...fields } }, index) => ({
    at,
    data: {
      type,
      sequence_number: index,
      ...fields,
      ...(options.obfuscation ? padding(record.id, index, fields) : {}),
    },
  }));
}

/** How many output items are done when a cancelled response ends, of those that come first in its log. */
export function doneItems(record: ResponseRecord, output: readonly Item[]): number {
  const end = cancelSettledAt(record) ?? Infinity;
  return middleOf(record, output).filter(({ at, body }) => at <= end && body.type === 'response.output_item.done')
    .length;
}

/** Whether nothing comes after an event. */
export function isTerminal({ data }: StreamEvent): boolean {
  return ['response.completed', 'response.incomplete', 'response.failed'].includes(data.type);
}

function openingOf(record: ResponseRecord): TimedBody[] {
  const { createdAt, startsAt } = record;
  // Snapshots as of emission, also where queue and run take no time at all.
  const { cancelledAt: _, ...open } = record;
  const queued = responseAt({ ...open, startsAt: Infinity }, [], createdAt);
  const running = responseAt({ ...open, startsAt: -Infinity, endsAt: null }, [], startsAt);
  const started = { at: startsAt, body: { type: 'response.in_progress', response: running } };
  if (record.request.background !== true) {
    return [{ at: createdAt, body: { type: 'response.created', response: running } }, started];
  }
  return [
    { at: createdAt, body: { type: 'response.created', response: queued } },
    { at: createdAt, body: { type: 'response.queued', response: queued } },
    started,
  ];
}

/** The events of the items, spread evenly over the time that the response runs. */
function middleOf({ startsAt, endsAt, ending }: ResponseRecord, output: readonly Item[]): TimedBody[] {
  if (endsAt === null) return [];
  const bodies = output.flatMap(itemEvents);
  const step = (endsAt - startsAt) / (bodies.length + 1);
  const timed = bodies.map((body, index) => ({ at: startsAt + Math.round((index + 1) * step), body }));
  return timed.slice(0, emitted(ending, timed.length));
}

function emitted(ending: Ending, count: number): number {
  if (ending.status !== 'failed') return count;
  return EARLY_FAILURE.test(ending.code) ? 0 : Math.floor(count / 2);
}

function endOf(record: ResponseRecord, output: readonly Item[], { errorEvent, include }: LogOptions): TimedBody[] {
  const { endsAt, ending, quirks } = record;
  const cancelledAt = cancelSettledAt(record);
  if (cancelledAt !== null) {
    const cancelled = { ...record, quirks: { ...quirks, flipAfterMs: undefined } };
    const response = responseAt(cancelled, output, cancelledAt, include);
    // There is no event for a cancelled response.
    return [{ at: cancelledAt, body: { type: 'response.failed', response } }];
  }
  if (endsAt === null) return [];
  const response = responseAt({ ...record, startsAt: -Infinity }, output, endsAt, include);
  const end = { at: endsAt, body: { type: `response.${ending.status}`, response } };
  return ending.status === 'failed' ? [{ at: endsAt, body: toErrorEvent(ending, errorEvent) }, end] : [end];
}

function toErrorEvent(
  { code, message }: Extract<Ending, { status: 'failed' }>,
  form: LogOptions['errorEvent'],
): EventBody {
  if (form === 'flat') return { type: 'error', code, message, param: null };
  return { type: 'error', error: { type: code, code, message, param: null } };
}

function padding(id: string, index: number, { delta }: { readonly [field: string]: unknown }): object {
  return typeof delta === 'string' ? { obfuscation: obfuscationOf(`${id} ${index}`, delta) } : {};
}
