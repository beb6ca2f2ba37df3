import { createHash } from 'node:crypto';
import { newId } from '../ids';
import { del, put, type Change, type Store } from '../state';
import type { Fault } from './catalogue';
import type { Operation } from './operations';
import { faultAt, laneOf, type PlannedFault } from './plan';
import { isFor, ruleText, type FaultRule } from './rule';

/** A rule in force. */
export interface BookedRule {
  readonly id: string;
  readonly source: 'flag' | 'admin';
  readonly rule: FaultRule;
}

/** A plan that a single request or response brings along, with the names under which it is counted. */
export interface OwnPlan {
  readonly counter: string;
  /** For its streams. */
  readonly streams: string;
  readonly plan: readonly PlannedFault[];
}

/** A stored rule; `place` keeps their order. */
export interface FaultRuleRecord extends BookedRule {
  readonly place: number;
}

/** The rules in force, and how many requests each has counted. Rules of the admin API and all counts are kept. */
export class FaultBook {
  private constructor(
    private readonly store: Store,
    private rules: readonly BookedRule[],
  ) {}

  /** Opens the book with the rules of the options and those that the admin API has added earlier. */
  static async open(store: Store, options: readonly FaultRule[]): Promise<FaultBook> {
    const flags = options.map((rule, index): BookedRule => ({ id: flagId(rule, index), source: 'flag', rule }));
    const added = await store.tables.faultRules.values().all();
    return new FaultBook(store, [...flags, ...added.toSorted((a, b) => a.place - b.place)]);
  }

  /** Every rule with the number of requests that it has counted, by operation. */
  async list(): Promise<(BookedRule & { counts: Record<string, number> })[]> {
    return Promise.all(this.rules.map(async (booked) => ({ ...booked, counts: await this.countsOf(booked.id) })));
  }

  /** Adds a rule behind the others; it survives a restart. */
  async add(rule: FaultRule): Promise<BookedRule> {
    return this.store.exclusive(async () => {
      const booked = { id: newId('fault'), source: 'admin', rule } as const;
      const stored = await this.store.tables.faultRules.values().all();
      const place = Math.max(0, ...stored.map((record) => record.place)) + 1;
      await this.store.write([put(this.store.tables.faultRules, booked.id, { ...booked, place })]);
      this.rules = [...this.rules, booked];
      return booked;
    });
  }

  /** Removes one rule, or all of them, with its counts. Rules of options come back at the next start. */
  async remove(id?: string): Promise<string[]> {
    return this.store.exclusive(async () => {
      const gone = this.rules.filter((booked) => id === undefined || booked.id === id).map((booked) => booked.id);
      const { faultRules, faultCounts } = this.store.tables;
      const changes: Change[] = gone.map((key) => del(faultRules, key));
      for (const key of gone) {
        for await (const counter of faultCounts.keys(counterRange(key))) changes.push(del(faultCounts, counter));
      }
      await this.store.write(changes);
      this.rules = this.rules.filter((booked) => !gone.includes(booked.id));
      return gone;
    });
  }

  /** Counts a request for every rule that is about it. Returns the faults that it meets, those of its own plans first. */
  async draw(request: {
    operations: readonly Operation[];
    metadata: Readonly<Record<string, string>>;
    own: readonly OwnPlan[];
  }): Promise<Fault[]> {
    const { operations, metadata, own } = request;
    const general = this.rules.filter(({ rule }) => isFor(rule, metadata));
    const lanes = operations.flatMap((operation) => [
      ...own.map((plan) => ({ counter: ownCounter(plan, operation), lane: laneOf(plan.plan, operation) })),
      ...general.map(({ id, rule }) => ({ counter: counterOf(id, operation), lane: laneOf(rule.faults, operation) })),
    ]);
    const counted = lanes.filter(({ lane }) => lane.length > 0);
    return counted.length === 0 ? [] : this.store.exclusive(() => this.count(counted));
  }

  private async count(lanes: readonly { counter: string; lane: readonly PlannedFault[] }[]): Promise<Fault[]> {
    const { faultCounts } = this.store.tables;
    const faults: Fault[] = [];
    const changes: Change[] = [];
    for (const { counter, lane } of lanes) {
      const n = ((await faultCounts.get(counter)) ?? 0) + 1;
      changes.push(put(faultCounts, counter, n));
      const fault = faultAt(lane, n);
      if (fault !== null) faults.push(fault);
    }
    await this.store.write(changes);
    return faults;
  }

  private async countsOf(id: string): Promise<Record<string, number>> {
    const entries = await this.store.tables.faultCounts.iterator(counterRange(id)).all();
    return Object.fromEntries(entries.map(([key, count]) => [key.slice(key.lastIndexOf('!') + 1), count]));
  }
}

/** A rule of the options is known by its text and place, so that its counts are found again after a restart. */
function flagId(rule: FaultRule, index: number): string {
  const digest = createHash('sha256')
    .update(`${index} ${ruleText(rule)}`)
    .digest('hex');
  return `fault_${digest.slice(0, 50)}`;
}

function ownCounter({ counter, streams }: OwnPlan, operation: Operation): string {
  if (operation === 'create') return counter;
  return `${operation === 'stream' ? streams : counter}!${operation}`;
}

function counterOf(id: string, operation: Operation): string {
  return `rule!${id}!${operation}`;
}

function counterRange(id: string): { gt: string; lt: string } {
  return { gt: `rule!${id}!`, lt: `rule!${id}"` };
}
