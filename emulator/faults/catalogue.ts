import type { Operation } from './operations';

/** A fault that a request meets. */
export interface Fault {
  readonly name: string;
  /** What stands behind the colon, or the catalogue's default. */
  readonly argument?: string | undefined;
}

interface Entry {
  /** The kind of request that it is counted on unless the rule says otherwise. */
  readonly on: Operation;
  /** What its argument looks like; a fault without it takes none. */
  readonly takes?: { readonly pattern: RegExp; readonly what: string; readonly fallback?: string };
}

const CODE = /^[\w.:-]+$/;
const seconds = (fallback?: string): Entry['takes'] => ({
  pattern: /^\d{1,9}(?:\.\d{1,6})?$/,
  what: 'a number of seconds',
  ...(fallback === undefined ? {} : { fallback }),
});

/** Every fault by name, but for `http_STATUS`. What each does is told in the documentation. */
export const CATALOGUE: Readonly<Record<string, Entry>> = {
  ok: { on: 'create' },
  stuck: { on: 'create' },
  stuck_in_progress: { on: 'create' },
  long_queue: { on: 'create', takes: seconds('2700') },
  failed: { on: 'create', takes: { pattern: CODE, what: 'a code', fallback: 'server_error' } },
  incomplete: {
    on: 'create',
    takes: { pattern: /^(?:content_filter|max_output_tokens)$/, what: 'content_filter or max_output_tokens' },
  },
  empty_output: { on: 'create' },
  usage_null: { on: 'create' },
  cancel_lag: { on: 'create', takes: seconds('10') },
  flip: { on: 'create', takes: seconds('120') },
  stale: { on: 'create', takes: seconds('') },
  expires: { on: 'create', takes: seconds('60') },
  obedient: { on: 'create' },
  conversation_locked: { on: 'create' },
  latency: { on: 'create', takes: seconds('1') },
  drop_before_accept: { on: 'create' },
  drop_after_accept: { on: 'create' },
  drop_in_body: { on: 'create' },
  malformed_json: { on: 'create' },
  slow_body: { on: 'create', takes: seconds('5') },
  html: { on: 'create', takes: { pattern: /^[2-5]\d\d$/, what: 'an HTTP status', fallback: '502' } },
  not_found: { on: 'retrieve' },
  stream_not_found: { on: 'resume' },
  stream_dropped: { on: 'stream', takes: { pattern: /^[1-9]\d{0,5}$/, what: 'a number of events', fallback: '3' } },
  stream_error: {
    on: 'stream',
    takes: { pattern: /^(?:nested|flat)(?::[1-9]\d{0,5})?$/, what: 'nested or flat', fallback: 'nested' },
  },
  webhook_lost: { on: 'webhook' },
  webhook_doubled: { on: 'webhook' },
  webhook_reordered: { on: 'webhook', takes: seconds('60') },
  webhook_bad_signature: { on: 'webhook' },
  webhook_old_timestamp: { on: 'webhook' },
};

/** `http_503`, `http_429:7`, `http_429:insufficient_quota:no_retry`. */
const HTTP: Entry = { on: 'create', takes: { pattern: CODE, what: 'seconds, milliseconds or a code', fallback: '' } };
const HTTP_NAME = /^http_[45]\d\d$/;

/** A fault's entry, or undefined for a name that does not exist. */
export function entryOf(name: string): Entry | undefined {
  if (HTTP_NAME.test(name)) return HTTP;
  return Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined;
}

/** Whether one of the faults has this name. */
export function hasFault(faults: readonly Fault[], name: string): boolean {
  return faults.some((fault) => fault.name === name);
}

/** The number that the first fault of this name carries, or undefined without such a fault. */
export function numberOf(faults: readonly Fault[], name: string): number | undefined {
  const fault = faults.find((candidate) => candidate.name === name);
  return fault === undefined ? undefined : Number(fault.argument);
}
