import { type Amount } from '../contract/budget';
import { type CarriedLedger } from '../contract/carry';
import { type Account, type Ambiguous, type CostUnknown, type Ledger, type PossiblyRunning } from '../contract/ledger';
import { costOf, type PriceTable } from '../contract/prices';
import { addUsage, type HostedCalls, NO_USAGE, type Usage } from '../contract/usage';

const EMPTY: Account = { usage: NO_USAGE, hostedCalls: {}, usd: 0, toolFeesUsd: 0, creates: 0 };

/** What a response used, as the provider told it; without `usage` where it told nothing. */
export type Used = { responseId: string; status: string; model: string; usage?: Usage; hostedCalls: HostedCalls };

type Worst = Pick<Ambiguous, 'worstUsd' | 'worstTokens'>;
type Booking<Entry> = Omit<Entry, keyof Worst>;
type CreateId = Pick<Ambiguous, 'stepId' | 'turn' | 'create'>;

/** The run's account: pure bookkeeping, no side effects. */
export class LedgerBook {
  private readonly steps = new Map<string, Account>();
  private readonly reserved = new Map<string, number>();
  /** Tokens are reserved where the run has a budget. */
  private readonly reservedTokens = new Map<string, number>();
  private readonly ambiguous: Ambiguous[] = [];
  /** Responses of lost creates that were found and are waited for. */
  private readonly found = new Set<string>();
  private readonly possiblyRunning = new Map<string, PossiblyRunning>();
  private readonly costUnknown = new Map<string, CostUnknown>();
  private readonly unpriced = new Set<string>();
  private unpricedUsd = 0;

  constructor(
    private readonly prices: PriceTable,
    private readonly simulated: boolean,
    /** Told of everything that is booked, with its price. */
    private readonly onBooked?: (used: Used, usd: number) => void,
  ) {}

  /** Before a create: its worst price counts until it is settled. NaN (no price) reserves nothing. */
  reserve(stepId: string, worstUsd: number): void {
    if (!Number.isNaN(worstUsd)) this.reserved.set(stepId, worstUsd);
    this.update(stepId, { creates: this.account(stepId).creates + 1 });
  }

  /** Room in the budget for a create that is about to be sent. */
  hold(stepId: string, { usd, tokens }: Amount): void {
    if (!Number.isNaN(usd)) this.reserved.set(stepId, usd);
    this.reservedTokens.set(stepId, tokens);
  }

  /** Whether there is room for the step's create, or for the response that it has created. */
  holds(stepId: string): boolean {
    return this.reservedTokens.has(stepId);
  }

  /** A create that certainly was not sent: as if it had never been. */
  unreserve(stepId: string): void {
    this.free(stepId);
    this.update(stepId, { creates: this.account(stepId).creates - 1 });
  }

  /** After a create: what was reserved is free again, what was used is booked. Returns its price in USD. */
  settle(stepId: string, used?: Used): number {
    const usd = used ? this.book(stepId, used, this.worstOf(stepId, used.responseId)) : 0;
    this.free(stepId);
    return usd;
  }

  private free(stepId: string): void {
    this.reserved.delete(stepId);
    this.reservedTokens.delete(stepId);
  }

  private book(stepId: string, used: Used, worst: Worst): number {
    const { responseId, status, usage, hostedCalls } = used;
    this.found.delete(responseId);
    if (!usage) {
      // Nothing of it is booked until all of it is known: it may be told later, and must not count twice.
      const reason = `the provider did not say what this response used; it is ${status}`;
      this.costUnknown.set(responseId, { stepId, responseId, reason, ...worst });
      return 0;
    }
    const cost = costOf(this.prices, used.model, { usage, hostedCalls });
    if (cost.unpriced) {
      this.unpriced.add(used.model);
      this.unpricedUsd += worst.worstUsd ?? 0;
    }
    const usd = cost.tokensUsd + cost.toolFeesUsd;
    const before = this.account(stepId);
    this.update(stepId, {
      usage: addUsage(before.usage, usage),
      hostedCalls: addCalls(before.hostedCalls, hostedCalls),
      usd: before.usd + usd,
      toolFeesUsd: before.toolFeesUsd + cost.toolFeesUsd,
    });
    this.onBooked?.(used, usd);
    return usd;
  }

  /** A create whose answer was lost. */
  bookAmbiguous(entry: Booking<Ambiguous>): void {
    this.ambiguous.push({ ...entry, ...this.reservedFor(entry.stepId) });
    this.free(entry.stepId);
  }

  /** Whether the answer of this create is lost and its response not found yet. */
  isAmbiguous(create: CreateId): boolean {
    return this.ambiguous.some((entry) => isSame(entry, create) && entry.responseId === undefined);
  }

  /** Creates whose answers were lost, of one step or of all. */
  ambiguousCreates(stepId?: string): number {
    return this.ambiguous.filter((entry) => stepId === undefined || entry.stepId === stepId).length;
  }

  /** The response of a lost create showed itself; `used` books it, unless somebody waits for it and will. */
  bookFound(create: CreateId & { responseId: string }, used?: Used): void {
    const index = this.ambiguous.findIndex((entry) => isSame(entry, create));
    const entry = this.ambiguous[index];
    if (entry) this.ambiguous[index] = { ...entry, responseId: create.responseId };
    if (used) this.book(create.stepId, used, entry ? worstIn(entry) : {});
    else this.found.add(create.responseId);
  }

  /** A response that could not be confirmed as stopped. */
  bookPossiblyRunning(entry: Booking<PossiblyRunning>): void {
    this.possiblyRunning.set(entry.responseId, this.inDoubt(entry));
  }

  /** A response that the provider no longer knows. */
  bookCostUnknown(entry: Booking<CostUnknown>): void {
    this.costUnknown.set(entry.responseId, this.inDoubt(entry));
  }

  private inDoubt(entry: Booking<CostUnknown>): CostUnknown {
    const doubt = { ...entry, ...this.worstOf(entry.stepId, entry.responseId) };
    this.found.delete(entry.responseId);
    this.free(entry.stepId);
    return doubt;
  }

  /** A response whose end or cost was in doubt shows itself: what it used is booked, once. Others are ignored. */
  bookLate(stepId: string, used: Used): void {
    const doubt = this.possiblyRunning.get(used.responseId) ?? this.costUnknown.get(used.responseId);
    if (!doubt) return;
    this.possiblyRunning.delete(used.responseId);
    this.costUnknown.delete(used.responseId);
    this.book(stepId, used, worstIn(doubt));
  }

  private worstOf(stepId: string, responseId: string): Worst {
    const lost = this.ambiguous.find((entry) => entry.responseId === responseId);
    return lost ? worstIn(lost) : this.reservedFor(stepId);
  }

  private reservedFor(stepId: string): Worst {
    return { worstUsd: this.reserved.get(stepId), worstTokens: this.reservedTokens.get(stepId) };
  }

  /**
   * What counts against a budget, of some steps or of all: what was spent, the worst price of what is under way, and
   * that of everything in doubt until it is known.
   */
  counted(stepIds?: ReadonlySet<string>): Amount {
    const counts = (stepId: string): boolean => stepIds === undefined || stepIds.has(stepId);
    const spent = [...this.steps]
      .filter(([stepId]) => counts(stepId))
      .map(([, { usd, usage }]): Amount => ({ usd, tokens: usage.input + usage.output }));
    const reserved = [...new Set([...this.reserved.keys(), ...this.reservedTokens.keys()])].filter(counts);
    const worst = [
      ...reserved.map((stepId) => this.reservedFor(stepId)),
      ...this.doubts().filter(({ stepId }) => counts(stepId)),
      ...(stepIds ? [] : [{ worstUsd: this.unpricedUsd }]),
    ].map(({ worstUsd = 0, worstTokens = 0 }: Worst): Amount => ({ usd: worstUsd, tokens: worstTokens }));
    return [...spent, ...worst].reduce((a, b) => ({ usd: a.usd + b.usd, tokens: a.tokens + b.tokens }), NOTHING);
  }

  private doubts(): (Ambiguous | CostUnknown)[] {
    const lost = this.ambiguous.filter(({ responseId }) => responseId === undefined || this.found.has(responseId));
    return [...lost, ...this.possiblyRunning.values(), ...this.costUnknown.values()];
  }

  account(stepId: string): Account {
    return this.steps.get(stepId) ?? EMPTY;
  }

  /** Tokens of the step that used most: no conversation of the run holds more. */
  largest(): number {
    return Math.max(0, ...[...this.steps.values()].map(({ usage }) => usage.input + usage.output));
  }

  total(): Account {
    return [...this.steps.values()].reduce(addAccounts, EMPTY);
  }

  snapshot(): Ledger {
    return {
      pricesDate: this.prices.date,
      simulated: this.simulated,
      total: this.total(),
      steps: Object.fromEntries(this.steps),
      reservedUsd: [...this.reserved.values()].reduce((sum, usd) => sum + usd, 0),
      ambiguous: [...this.ambiguous],
      possiblyRunning: [...this.possiblyRunning.values()],
      costUnknown: [...this.costUnknown.values()],
      unpriced: [...this.unpriced],
    };
  }

  /** Everything, for the next execution of the run. */
  carry(): CarriedLedger {
    return {
      steps: [...this.steps],
      reserved: [...this.reserved],
      ...(this.reservedTokens.size > 0 && { reservedTokens: [...this.reservedTokens] }),
      ...(this.found.size > 0 && { found: [...this.found] }),
      ...(this.unpricedUsd > 0 && { unpricedUsd: this.unpricedUsd }),
      ambiguous: [...this.ambiguous],
      possiblyRunning: [...this.possiblyRunning.values()],
      costUnknown: [...this.costUnknown.values()],
      unpriced: [...this.unpriced],
    };
  }

  restore(carried: CarriedLedger): void {
    for (const [stepId, account] of carried.steps) this.steps.set(stepId, account);
    for (const [stepId, usd] of carried.reserved) this.reserved.set(stepId, usd);
    for (const [stepId, tokens] of carried.reservedTokens ?? []) this.reservedTokens.set(stepId, tokens);
    for (const responseId of carried.found ?? []) this.found.add(responseId);
    this.unpricedUsd = carried.unpricedUsd ?? 0;
    this.ambiguous.push(...carried.ambiguous);
    for (const entry of carried.possiblyRunning) this.possiblyRunning.set(entry.responseId, entry);
    for (const entry of carried.costUnknown) this.costUnknown.set(entry.responseId, entry);
    for (const model of carried.unpriced) this.unpriced.add(model);
  }

  private update(stepId: string, change: Partial<Account>): void {
    this.steps.set(stepId, { ...this.account(stepId), ...change });
  }
}

const NOTHING: Amount = { usd: 0, tokens: 0 };

function worstIn({ worstUsd, worstTokens }: Worst): Worst {
  return { worstUsd, worstTokens };
}

function isSame(a: CreateId, b: CreateId): boolean {
  return a.stepId === b.stepId && a.turn === b.turn && a.create === b.create;
}

function addAccounts(a: Account, b: Account): Account {
  return {
    usage: addUsage(a.usage, b.usage),
    hostedCalls: addCalls(a.hostedCalls, b.hostedCalls),
    usd: a.usd + b.usd,
    toolFeesUsd: a.toolFeesUsd + b.toolFeesUsd,
    creates: a.creates + b.creates,
  };
}

function addCalls(a: HostedCalls, b: HostedCalls): HostedCalls {
  const sum = { ...a };
  for (const [tool, calls] of Object.entries(b)) sum[tool] = (sum[tool] ?? 0) + calls;
  return sum;
}
