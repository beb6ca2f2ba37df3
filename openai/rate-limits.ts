import { ProviderError } from './port';
import { goDuration, MAX_RETRY_AFTER_MS, numberOf } from './retry-after';

/** What a create needs of the limits of its model. */
export interface Need {
  model: string;
  /** Most tokens that it may use, as far as they can be told before it is sent. */
  tokens: number;
}

/** Why a create is not sent yet. */
export interface Hold {
  what: 'requests' | 'tokens';
  /** Until another try, in milliseconds. */
  ms: number;
}

/** How a limit stood in the newest answer, less what has been sent since. */
interface Limit {
  total: number;
  remaining: number;
  at: number;
  /** How much comes back in a millisecond. */
  perMs: number;
}

const UNITS = ['requests', 'tokens'] as const;
type Unit = (typeof UNITS)[number];

interface Account extends Partial<Record<Unit, Limit>> {
  /** The provider has refused everything of this model until then. */
  blockedUntil: number;
  /** When the next create that is held back may try again: those before it have got their times. */
  nextSlot: number;
  /** Creates whose answers are to come, and their tokens. */
  sent: Record<Unit, number>;
}

/** Models come from the inputs of runs. */
const MAX_MODELS = 200;
/** Kept for the creates that other workers send before an answer tells of them. */
const RESERVED_SHARE = 0.05;
/** Time between two tries where nothing is known of the limit. */
const BLIND_SPACING_MS = 50;
const MAX_JITTER_MS = 1_000;
const MINUTE_MS = 60_000;

/**
 * What a worker knows of the provider's limits on requests and tokens, by model, from `x-ratelimit-*` of every answer to
 * a create. The provider's account is the shared one: what other workers use up shows in the next answer. What is used
 * up comes back evenly until the reset that the headers tell.
 */
export class RateLimits {
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly now: () => number = Date.now,
    /** From 0 to 1: workers that were told the same do not come back in the same instant. */
    private readonly random: () => number = Math.random,
  ) {}

  /**
   * Why a create has to wait, undefined where it may be made ready. Each one that waits gets a time of its own, behind
   * those before it; one that comes back from its wait (`again`) does not stand behind those that came after it.
   */
  hold(need: Need, again: boolean): Hold | undefined {
    const account = this.accounts.get(need.model);
    if (!account) return undefined;
    const now = this.now();
    const short = shortest(account, need, now);
    const turn = again ? 0 : account.nextSlot - now;
    if (short.ms <= 0 && turn <= 0) return undefined;
    return { what: short.what, ms: this.slot(account, need, Math.max(short.ms, 0)) };
  }

  /** Counts a create that is sent now, or says why it has to wait. Every one that is counted must be answered or lost. */
  take(need: Need): Hold | undefined {
    const held = this.hold(need, true);
    if (held) return held;
    const now = this.now();
    const account = this.account(need.model);
    for (const unit of UNITS) {
      const limit = account[unit];
      account.sent[unit] += amountOf(need, unit);
      if (limit) Object.assign(limit, { remaining: roomOf(limit, now) - amountOf(need, unit), at: now });
    }
    return undefined;
  }

  /** A create was answered, with these headers. */
  answered(need: Need, headers: Headers): void {
    this.lost(need);
    const account = this.account(need.model);
    for (const unit of UNITS) {
      const limit = limitOf(headers, unit, this.now());
      // What is on its way the provider has not counted yet.
      if (limit) account[unit] = { ...limit, remaining: limit.remaining - account.sent[unit] };
    }
  }

  /** No answer came. */
  lost(need: Need): void {
    const { sent } = this.account(need.model);
    for (const unit of UNITS) sent[unit] = Math.max(0, sent[unit] - amountOf(need, unit));
  }

  /**
   * A create was refused by a 429 that asks for this wait; its answer has been counted. Returns its own wait: those that
   * are refused together come back one after the other.
   */
  refused(need: Need, retryAfterMs: number): number {
    const account = this.account(need.model);
    const known = UNITS.flatMap((unit) => account[unit] ?? []);
    const used = known.length === 0 || known.some(({ remaining }) => remaining < 1);
    // With something left of every limit, the refusal was for this create alone.
    if (!used) return retryAfterMs;
    account.blockedUntil = Math.max(account.blockedUntil, this.now() + retryAfterMs);
    return this.slot(account, need, retryAfterMs);
  }

  /** The time of one that waits for at least so long. */
  private slot(account: Account, need: Need, leastMs: number): number {
    const now = this.now();
    const wait = Math.max(leastMs, account.nextSlot - now);
    const spacing = spacingOf(account, need);
    account.nextSlot = now + Math.min(wait + spacing, MAX_RETRY_AFTER_MS);
    // More than fit into the longest wait: they ask again in the last quarter of it, each at its own time.
    const full = MAX_RETRY_AFTER_MS * (1 - this.random() / 4);
    if (wait + spacing > MAX_RETRY_AFTER_MS) return Math.ceil(Math.max(leastMs, full));
    return Math.ceil(wait + Math.min(spacing, MAX_JITTER_MS) * this.random());
  }

  private account(model: string): Account {
    const known = this.accounts.get(model);
    if (known) return known;
    const [oldest] = this.accounts.keys();
    if (oldest !== undefined && this.accounts.size >= MAX_MODELS) this.accounts.delete(oldest);
    const account: Account = { blockedUntil: 0, nextSlot: 0, sent: { requests: 0, tokens: 0 } };
    this.accounts.set(model, account);
    return account;
  }
}

/** Which limit is the shortest, and how long until the create fits; not above 0 where it fits now. */
function shortest(account: Account, need: Need, now: number): Hold {
  const waits = UNITS.flatMap((what) => {
    const limit = account[what];
    return limit ? [{ what, ms: waitFor(limit, amountOf(need, what), now) }] : [];
  });
  const blocked: Hold = { what: 'requests', ms: account.blockedUntil - now };
  return waits.reduce((most, wait) => (wait.ms > most.ms ? wait : most), blocked);
}

function waitFor(limit: Limit, amount: number, now: number): number {
  // One that exceeds the whole limit is sent when all of it is there: the provider says what is wrong with it.
  const wanted = Math.min(amount + Math.floor(limit.total * RESERVED_SHARE), limit.total);
  const over = wanted - roomOf(limit, now);
  // What was told so long ago may be wrong by now, or never have been right: one create is sent to be told anew.
  return over <= 0 ? 0 : Math.min(over / limit.perMs, limit.at + MAX_RETRY_AFTER_MS - now);
}

function roomOf({ total, remaining, at, perMs }: Limit, now: number): number {
  return Math.min(total, remaining + (now - at) * perMs);
}

function amountOf({ tokens }: Need, unit: Unit): number {
  return unit === 'requests' ? 1 : tokens;
}

/** How far apart creates of this size fit. */
function spacingOf(account: Account, need: Need): number {
  const spacings = UNITS.flatMap((unit) => {
    const limit = account[unit];
    return limit ? [amountOf(need, unit) / limit.perMs] : [];
  });
  return Math.max(BLIND_SPACING_MS, ...spacings);
}

/** A limit as the headers of an answer tell it; undefined where they do not. */
function limitOf(headers: Headers, unit: Unit, now: number): Limit | undefined {
  const total = numberOf(headers.get(`x-ratelimit-limit-${unit}`));
  const remaining = numberOf(headers.get(`x-ratelimit-remaining-${unit}`));
  if (total === undefined || remaining === undefined || total < 1) return undefined;
  const reset = goDuration(headers.get(`x-ratelimit-reset-${unit}`)) ?? 0;
  const used = total - remaining;
  const aMinute = total / MINUTE_MS;
  // The reset is the time until nothing is in use. What remains is a whole number: of little use, most may be rounding.
  const perMs = used > 0 && reset > 0 ? Math.min(used / reset, Math.max(aMinute, (used - 1) / reset)) : aMinute;
  return { total, remaining, at: now, perMs };
}

/** What a create ends with that is not sent. */
export function heldBack(model: string, { what, ms }: Hold, origin: string): ProviderError {
  const until = new Date(Date.now() + ms).toISOString().slice(11, 19);
  const message = `held back before it was sent: the ${what} a minute of ${model} at ${origin} are used up, next try at ${until} UTC; not an error`;
  return new ProviderError('HeldBack', message, ms);
}
