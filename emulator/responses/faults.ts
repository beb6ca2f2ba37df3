import { badRequest } from '../http/errors';

/**
 * Faults that a request asks for in its metadata, to test clients.
 *
 * `emulator_fault` holds a plan: one or more faults, separated by commas, each used for a number of creates in turn.
 *
 *     plan  = fault *( "," fault )
 *     fault = name [ ":" argument ] [ "*" count ]
 *
 * A fault without a count lasts for ever, so anything behind it is never reached. After the plan's end creates go
 * well. Creates are counted by the value of `emulator_fault_key`, any string the client chooses (a workflow and a step,
 * say); without it by the plan itself. Counts are kept across restarts.
 *
 * | name | argument | what happens |
 * |---|---|---|
 * | `ok` | | nothing; `ok*2,stuck` lets two creates pass |
 * | `failed` | code (default server_error) | accepted; ends as `failed` with that code |
 * | `incomplete` | `content_filter` or `max_output_tokens` | accepted; ends as `incomplete` with that reason |
 * | `stuck` | | accepted; never ends |
 * | `drop_before_accept` | | the connection is cut, nothing is stored |
 * | `drop_after_accept` | | stored and counted, then the connection is cut without an answer |
 * | `http_429` | seconds for `retry-after`, or a code such as insufficient_quota | refused |
 * | `http_500` ... `http_504` | | refused |
 *
 * Examples: `failed:server_error*1`, `http_503*2,drop_after_accept*1`.
 */
export type Fault =
  | { readonly name: 'ok' | 'stuck' | 'drop_before_accept' | 'drop_after_accept' }
  | { readonly name: 'failed'; readonly code: string }
  | { readonly name: 'incomplete'; readonly reason: 'content_filter' | 'max_output_tokens' }
  | {
      readonly name: 'http';
      readonly status: number;
      readonly code: string | null;
      readonly retryAfter: string | null;
    };

interface PlannedFault {
  readonly fault: Fault;
  readonly count: number;
}

const PARAM = 'metadata.emulator_fault';
const FAULT = /^([a-z0-9_]+)(?::([A-Za-z0-9_.-]+))?(?:\*(\d{1,6}))?$/;
const HTTP = /^http_(429|50[0-4])$/;

/** The metadata keys that the emulator reads. */
export const FAULT_PLAN_KEY = 'emulator_fault';
const FAULT_COUNT_KEY = 'emulator_fault_key';

/** The name under which a request's creates are counted, or null where it plans no fault. */
export function faultCounter(metadata: Readonly<Record<string, string>>): string | null {
  const plan = metadata[FAULT_PLAN_KEY];
  return plan === undefined ? null : (metadata[FAULT_COUNT_KEY] ?? plan);
}

/** The fault for the create number `earlier + 1`. Throws a 400 for a plan that does not parse. */
export function faultFor(plan: string, earlier: number): Fault {
  let left = earlier;
  for (const { fault, count } of plan.split(',').map((part) => parseFault(part.trim()))) {
    if (left < count) return fault;
    left -= count;
  }
  return { name: 'ok' };
}

function parseFault(text: string): PlannedFault {
  const [, name, argument, count] = FAULT.exec(text) ?? [];
  const fault = name === undefined ? null : toFault(name, argument);
  if (fault === null) {
    throw badRequest(
      `Invalid value: '${text}'. Expected name[:argument][*count], such as failed:server_error*1.`,
      PARAM,
    );
  }
  return { fault, count: count === undefined ? Infinity : Number(count) };
}

function toFault(name: string, argument: string | undefined): Fault | null {
  switch (name) {
    case 'ok':
    case 'stuck':
    case 'drop_before_accept':
    case 'drop_after_accept':
      return { name };
    case 'failed':
      return { name, code: argument ?? 'server_error' };
    case 'incomplete':
      return argument === 'content_filter' || argument === 'max_output_tokens' ? { name, reason: argument } : null;
    default:
      return toHttpFault(name, argument);
  }
}

function toHttpFault(name: string, argument: string | undefined): Fault | null {
  const status = HTTP.exec(name)?.[1];
  if (status === undefined) return null;
  const isDelay = argument !== undefined && /^\d+(?:\.\d+)?$/.test(argument);
  const code = isDelay ? null : (argument ?? null);
  return { name: 'http', status: Number(status), code, retryAfter: isDelay ? argument : null };
}
