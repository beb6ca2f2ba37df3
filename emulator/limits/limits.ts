import type { Clock } from '../clock';
import { ApiError } from '../http/errors';
import { resetIn, usedAt, waitFor, type Bucket } from './bucket';
import { formatDuration } from './duration';

/** What is shown, and not enforced, where no limit is set. */
const DEFAULT_LIMITS = { requests: 30_000, tokens: 150_000_000 };
/** Models whose counts are kept; those with nothing in use are forgotten beyond it. */
const KEPT_MODELS = 100;
const MORE = 'Visit https://platform.openai.com/account/rate-limits to learn more.';

type Unit = 'requests' | 'tokens';
type Headers = Record<string, string>;

/** How a request stands with the limits: headers of its answer, and the 429 where it exceeds one. */
export interface LimitDecision {
  readonly headers: Headers;
  readonly refusal: ApiError | null;
}

/**
 * Requests and tokens a minute, counted for each model. Counts are held in memory alone: a restart starts afresh, as
 * a minute's wait would.
 */
export class RateLimits {
  private readonly buckets = new Map<string, Record<Unit, Bucket>>();

  constructor(
    private readonly clock: Clock,
    /** The limits that are enforced; undefined: none. */
    private readonly enforced: { readonly requests?: number | undefined; readonly tokens?: number | undefined },
  ) {}

  /** Counts a request, unless it exceeds a limit: a refused one uses nothing up. */
  take(model: string, tokens: number): LimitDecision {
    const now = this.clock.now();
    const amounts = { requests: 1, tokens };
    const used = this.usedBy(model, now);
    const refusal = this.check('requests', { model, used, amounts }) ?? this.check('tokens', { model, used, amounts });
    if (refusal !== null) return { headers: this.headersOf(used), refusal };
    const after = { requests: used.requests + 1, tokens: used.tokens + tokens };
    this.remember(model, { requests: { used: after.requests, at: now }, tokens: { used: after.tokens, at: now } });
    return { headers: this.headersOf(after), refusal: null };
  }

  private limitOf(unit: Unit): number {
    return this.enforced[unit] ?? DEFAULT_LIMITS[unit];
  }

  private usedBy(model: string, now: number): Record<Unit, number> {
    const buckets = this.buckets.get(model);
    return {
      requests: usedAt(buckets?.requests, this.limitOf('requests'), now),
      tokens: usedAt(buckets?.tokens, this.limitOf('tokens'), now),
    };
  }

  private check(
    unit: Unit,
    { model, used, amounts }: { model: string; used: Record<Unit, number>; amounts: Record<Unit, number> },
  ): ApiError | null {
    const limit = this.enforced[unit];
    const amount = amounts[unit];
    if (limit === undefined) return null;
    const where = `for ${model} in organization org-emulator on ${unit} per min (${unit === 'requests' ? 'RPM' : 'TPM'})`;
    if (amount > limit) {
      const advice = 'The input or output tokens must be reduced in order to run successfully.';
      return tooMany(unit, `Request too large ${where}: Limit ${limit}, Requested ${amount}. ${advice} ${MORE}`);
    }
    const wait = waitFor(amount, { used: used[unit], limit });
    if (wait === 0) return null;
    const counts = `Limit ${limit}, Used ${Math.ceil(used[unit])}, Requested ${amount}.`;
    const message = `Rate limit reached ${where}: ${counts} Please try again in ${formatDuration(wait)}. ${MORE}`;
    return tooMany(unit, message, {
      'retry-after': String(Math.ceil(wait / 1000)),
      'retry-after-ms': String(Math.ceil(wait)),
    });
  }

  private headersOf(used: Record<Unit, number>): Headers {
    return { ...this.headersOfUnit('requests', used), ...this.headersOfUnit('tokens', used) };
  }

  private headersOfUnit(unit: Unit, used: Record<Unit, number>): Headers {
    const limit = this.limitOf(unit);
    return {
      [`x-ratelimit-limit-${unit}`]: String(limit),
      [`x-ratelimit-remaining-${unit}`]: String(Math.max(0, Math.floor(limit - used[unit]))),
      [`x-ratelimit-reset-${unit}`]: formatDuration(resetIn({ used: Math.min(used[unit], limit), limit })),
    };
  }

  private remember(model: string, buckets: Record<Unit, Bucket>): void {
    this.buckets.set(model, buckets);
    if (this.buckets.size <= KEPT_MODELS) return;
    for (const name of this.buckets.keys()) {
      const { requests, tokens } = this.usedBy(name, this.clock.now());
      if (requests === 0 && tokens === 0) this.buckets.delete(name);
    }
  }
}

function tooMany(type: Unit, message: string, headers: Headers = {}): ApiError {
  return new ApiError(429, message, { type, code: 'rate_limit_exceeded', headers });
}
