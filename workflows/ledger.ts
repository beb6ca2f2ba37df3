import { type Account, type Ambiguous, type Ledger } from '../contract/ledger';
import { costOf, type PriceTable } from '../contract/prices';
import { addUsage, type HostedCalls, NO_USAGE, type Usage } from '../contract/usage';

const EMPTY: Account = { usage: NO_USAGE, hostedCalls: {}, usd: 0, toolFeesUsd: 0, creates: 0 };

/** What a response used, as the provider told it. */
export type Used = { model: string; usage?: Usage; hostedCalls: HostedCalls };

type CreateId = Pick<Ambiguous, 'stepId' | 'turn' | 'create'>;

/** The run's account: pure bookkeeping, no side effects. */
export class LedgerBook {
  private readonly steps = new Map<string, Account>();
  private readonly reserved = new Map<string, number>();
  private readonly ambiguous: Ambiguous[] = [];
  private readonly possiblyRunning: Ledger['possiblyRunning'] = [];
  private readonly unpriced = new Set<string>();

  constructor(
    private readonly prices: PriceTable,
    private readonly simulated: boolean,
    /** Told of everything that is booked, with its price. */
    private readonly onBooked?: (used: Used, usd: number) => void,
  ) {}

  /** Before a create: its worst price counts until it is settled. NaN (no price) reserves nothing. */
  reserve(stepId: string, worstUsd: number): void {
    this.reserved.set(stepId, Number.isNaN(worstUsd) ? 0 : worstUsd);
    this.update(stepId, { creates: this.account(stepId).creates + 1 });
  }

  /** A create that certainly was not sent: as if it had never been. */
  unreserve(stepId: string): void {
    this.reserved.delete(stepId);
    this.update(stepId, { creates: this.account(stepId).creates - 1 });
  }

  /** After a create: what was reserved is free again, what was used is booked. Returns its price in USD. */
  settle(stepId: string, used?: Used): number {
    this.reserved.delete(stepId);
    return used ? this.book(stepId, used) : 0;
  }

  private book(stepId: string, used: Used): number {
    const cost = costOf(this.prices, used.model, { usage: used.usage ?? NO_USAGE, hostedCalls: used.hostedCalls });
    if (cost.unpriced) this.unpriced.add(used.model);
    const usd = cost.tokensUsd + cost.toolFeesUsd;
    const before = this.account(stepId);
    this.update(stepId, {
      usage: addUsage(before.usage, used.usage ?? NO_USAGE),
      hostedCalls: addCalls(before.hostedCalls, used.hostedCalls),
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
    if (used) this.book(create.stepId, used);
  }

  /** A response that could not be confirmed as stopped. */
  bookPossiblyRunning(entry: Ledger['possiblyRunning'][number]): void {
    this.possiblyRunning.push(entry);
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
      possiblyRunning: [...this.possiblyRunning],
      unpriced: [...this.unpriced],
    };
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
