/** Longest wait that a provider's headers can ask of us: a wrong or hostile header must not park a step for hours. */
export const MAX_RETRY_AFTER_MS = 60_000;
/** A header that says "now" must not become a busy loop. */
const MIN_RETRY_AFTER_MS = 100;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A wait that a provider asks for, in milliseconds. */
export type RetryAfter = {
  /** As the headers say it. */
  asked: number;
  /** As it is waited: at most {@link MAX_RETRY_AFTER_MS}, then the provider is asked again. */
  ms: number;
};

/**
 * What response headers ask us to wait: `retry-after-ms`, then `retry-after` (seconds or a date), then the reset of the
 * exhausted `x-ratelimit-*`. Undefined where they ask nothing.
 */
export function retryAfterOf(headers: Headers | undefined, now: number): RetryAfter | undefined {
  if (!headers) return undefined;
  const asked =
    numberOf(headers.get('retry-after-ms')) ?? retryAfter(headers.get('retry-after'), now) ?? reset(headers);
  if (asked === undefined) return undefined;
  return { asked, ms: Math.ceil(Math.min(Math.max(asked, MIN_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS)) };
}

/** A number of a header; undefined for everything else. */
export function numberOf(text: string | null): number | undefined {
  if (text === null || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function retryAfter(text: string | null, now: number): number | undefined {
  const seconds = numberOf(text);
  if (seconds !== undefined) return seconds * 1_000;
  const date = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : date - now;
}

/** Requests and tokens have limits of their own; only one with nothing left explains the refusal. */
function reset(headers: Headers): number | undefined {
  const waits = ['requests', 'tokens'].flatMap((limit) => {
    const left = numberOf(headers.get(`x-ratelimit-remaining-${limit}`)) ?? 0;
    const wait = goDuration(headers.get(`x-ratelimit-reset-${limit}`));
    return left > 0 || wait === undefined ? [] : [wait];
  });
  return waits.length === 0 ? undefined : Math.max(...waits);
}

/** `6m0s`, `1.5s`, `120ms`, the format of the rate limit headers, in milliseconds. */
export function goDuration(text: string | null): number | undefined {
  const parts = [...(text ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS], 0);
}
