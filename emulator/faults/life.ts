import type { ResponseRecord } from '../responses/record';
import type { Fault } from './catalogue';

/** An instant that never comes: the last one that a date can hold. */
const NEVER = 8.64e15;

/**
 * What faults make of a response's life. They are decided at its create and stored with it, so that its state still
 * follows from its record and the clock alone. `scaled` turns seconds into milliseconds on the clock.
 */
export function withFaults(
  record: ResponseRecord,
  faults: readonly Fault[],
  scaled: (seconds: number) => number,
): ResponseRecord {
  return faults.reduce((changed, fault) => withFault(changed, fault, scaled), record);
}

function withFault(record: ResponseRecord, fault: Fault, scaled: (seconds: number) => number): ResponseRecord {
  const seconds = Number(fault.argument);
  const { quirks, createdAt } = record;
  switch (fault.name) {
    case 'stuck':
      return { ...record, startsAt: NEVER, endsAt: null };
    case 'stuck_in_progress':
      return { ...record, endsAt: null };
    case 'long_queue':
      return queuedUntil(record, createdAt + Math.round(scaled(seconds)));
    case 'failed':
      return { ...record, ending: failure(fault.argument ?? '') };
    case 'incomplete':
      return { ...record, ending: { status: 'incomplete', reason: reasonOf(fault) } };
    case 'usage_null':
      return { ...record, quirks: { ...quirks, usageNull: true } };
    case 'obedient':
      return { ...record, quirks: { ...quirks, obedient: true } };
    case 'cancel_lag':
      return { ...record, quirks: { ...quirks, cancelLagMs: scaled(seconds) } };
    case 'flip':
      return { ...record, quirks: { ...quirks, flipAfterMs: scaled(seconds) } };
    case 'stale':
      return {
        ...record,
        quirks: { ...quirks, staleUntil: fault.argument === '' ? NEVER : createdAt + scaled(seconds) },
      };
    case 'expires':
      return { ...record, quirks: { ...quirks, expiresAt: createdAt + seconds * 1000 } };
    default:
      return record;
  }
}

function queuedUntil(record: ResponseRecord, startsAt: number): ResponseRecord {
  const { endsAt } = record;
  return { ...record, startsAt, endsAt: endsAt === null ? null : startsAt + (endsAt - record.startsAt) };
}

function failure(code: string): ResponseRecord['ending'] {
  return { status: 'failed', code, message: 'A fault of the emulator asked for this failure.' };
}

function reasonOf({ argument }: Fault): 'content_filter' | 'max_output_tokens' {
  return argument === 'max_output_tokens' ? argument : 'content_filter';
}
