import { type CarriedLedger } from '../contract/carry';
import { type Account, type Ambiguous, type CostUnknown, type Ledger, type PossiblyRunning } from '../contract/ledger';
import { costOf, type PriceTable } from '../contract/prices';
import { addUsage, type HostedCalls, NO_USAGE, type Usage } from '../contract/usage';

const EMPTY: Account = { usage: NO_USAGE, hostedCalls: {}, usd: 0, toolFeesUsd: 0, creates: 0 };

/** What a response used, as the provider told it; without `usage` where it told nothing. */
export type Used = { responseId: string; status: string; model: string; usage?: Usage; hostedCalls: HostedCalls };

type CreateId = Pick<Ambiguous, 'stepId' | 'turn' | 'create'>;

/** The run's account: pure bookkeeping, no side effects. */
export class LedgerBook {
  private readonly steps = new Map<string, Account>();
  private readonly reserved = new Map<string, number>();
  private readonly ambiguous: Ambiguous[] = [];
  private readonly possiblyRunning = new Map<string, PossiblyRunning>();
  private readonly costUnknown = new Map<string, CostUnknown>();
  private readonly unpriced = new Set<string>();

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

  /** A create that certainly was not sent: as if it had never been. */
  unreserve(stepId: string): void {
    this.reserved.delete(stepId);
    this.update(stepId, { creates: this.account(stepId).creates - 1 });
  }

  /** After a create: what was reserved is free again, what was used is booked. Returns its price in USD. */
  settle(stepId: string, used?: Used): number {
    const usd = used ? this.book(stepId, used, this.worstOf(stepId, used.responseId)) : 0;
    this.reserved.delete(stepId);
    return usd;
  }

  private book(stepId: string, used: Used, worstUsd: number | undefined): number {
    const { responseId, status, usage, hostedCalls } = used;
    if (!usage) {
      // Nothing of it is booked until all of it is known: it may be told later, and must not count twice.
      const reason = `the provider did not say what this response used; it is ${status}`;
      this.costUnknown.set(responseId, { stepId, responseId, reason, worstUsd });
      return 0;
    }
    const cost = costOf(this.prices, used.model, { usage, hostedCalls });
    if (cost.unpriced) this.unpriced.add(used.model);
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
  bookAmbiguous(entry: Omit<Ambiguous, 'worstUsd'>): void {
    this.ambiguous.push({ ...entry, worstUsd: this.reserved.get(entry.stepId) });
    this.reserved.delete(entry.stepId);
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
    if (used) this.book(create.stepId, used, entry?.worstUsd);
  }

  /** A response that could not be confirmed as stopped. */
  bookPossiblyRunning(entry: Omit<PossiblyRunning, 'worstUsd'>): void {
    this.possiblyRunning.set(entry.responseId, { ...entry, worstUsd: this.worstOf(entry.stepId, entry.responseId) });
    this.reserved.delete(entry.stepId);
  }

  /** A response that the provider no longer knows. */
  bookCostUnknown(entry: Omit<CostUnknown, 'worstUsd'>): void {
    this.costUnknown.set(entry.responseId, { ...entry, worstUsd: this.worstOf(entry.stepId, entry.responseId) });
    this.reserved.delete(entry.stepId);
  }

  /** A response whose end or cost was in doubt shows itself: what it used is booked, once. Others are ignored. */
  bookLate(stepId: string, used: Used): void {
    const doubt = this.possiblyRunning.get(used.responseId) ?? this.costUnknown.get(used.responseId);
    if (!doubt) return;
    this.possiblyRunning.delete(used.responseId);
    this.costUnknown.delete(used.responseId);
    this.book(stepId, used, doubt.worstUsd);
  }

  private worstOf(stepId: string, responseId: string): number | undefined {
    const lost = this.ambiguous.find((entry) => entry.responseId === responseId);
    return lost ? lost.worstUsd : this.reserved.get(stepId);
  }

  account(stepId: string): Account {
    return this.steps.get(stepId) ?? EMPTY;
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
      ambiguous: [...this.ambiguous],
      possiblyRunning: [...this.possiblyRunning.values()],
      costUnknown: [...this.costUnknown.values()],
      unpriced: [...this.unpriced],
    };
  }

  restore(carried: CarriedLedger): void {
    for (const [stepId, account] of carried.steps) this.steps.set(stepId, account);
    for (const [stepId, usd] of carried.reserved) this.reserved.set(stepId, usd);
    this.ambiguous.push(...carried.ambiguous);
    for (const entry of carried.possiblyRunning) this.possiblyRunning.set(entry.responseId, entry);
    for (const entry of carried.costUnknown) this.costUnknown.set(entry.responseId, entry);
    for (const model of carried.unpriced) this.unpriced.add(model);
  }

  private update(stepId: string, change: Partial<Account>): void {
    this.steps.set(stepId, { ...this.account(stepId), ...change });
  }
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
