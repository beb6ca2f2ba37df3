import * as fc from 'fast-check';
import { type Amount, type Cap } from '../../contract/budget';
import { type PriceTable } from '../../contract/prices';
import { NO_USAGE } from '../../contract/usage';
import { nextToGo, type Portion, shortage, type Waiting } from '../../workflows/budget-room';
import { LedgerBook } from '../../workflows/ledger';

/** A token costs a micro-dollar, so that money and tokens can be compared at a glance. */
const PRICES: PriceTable = { date: '2026-11-22', models: { m: { input: 1, output: 1 } }, toolCalls: {} };
const MICRO = 1e-6;

const amount = (tokens: number): Amount => ({ usd: tokens * MICRO, tokens });
const waits = (stepId: string, tokens: number): Waiting => ({ stepId, worst: amount(tokens) });
const portion = (stepId: string, tokens: number): Portion => ({ stepIds: new Set([stepId]), left: amount(tokens) });

describe('who may go', () => {
  const standing = { cap: { tokens: 100 }, counted: amount(40), portions: [] as Portion[] };

  test('the first, where its worst price has room, to the last token', () => {
    const queue = [waits('a', 60), waits('b', 10)];
    expect(nextToGo(standing, queue)).toBe(queue[0]);
    expect(nextToGo({ ...standing, counted: amount(41) }, queue)).toBeUndefined();
    expect(nextToGo(standing, [])).toBeUndefined();
  });

  test('sums of prices that are not exact do not keep anybody out', () => {
    const counted = { usd: 0.1 + 0.2, tokens: 0 };
    const queue = [{ stepId: 'a', worst: { usd: 0.3, tokens: 0 } }];
    expect(nextToGo({ cap: { usd: 0.6 }, counted, portions: [] }, queue)).toBe(queue[0]);
  });

  test('nobody before the first, however small', () => {
    expect(nextToGo(standing, [waits('a', 61), waits('b', 1)])).toBeUndefined();
  });

  test('what is kept back is for its step alone, which may pass with it, and with no more', () => {
    const kept = { ...standing, portions: [portion('end', 30)] };
    const queue = [waits('a', 31), waits('end', 30)];
    expect(nextToGo(kept, queue)).toBe(queue[1]);
    expect(nextToGo(kept, [waits('a', 31), waits('end', 31)])).toBeUndefined();
    const first = [waits('end', 60)];
    expect(nextToGo(kept, first)).toBe(first[0]);
  });

  test('both caps hold', () => {
    const both = { ...standing, cap: { usd: 100 * MICRO, tokens: 1_000 } };
    expect(nextToGo(both, [waits('a', 61)])).toBeUndefined();
    expect(nextToGo({ ...both, cap: { usd: 1, tokens: 100 } }, [waits('a', 61)])).toBeUndefined();
  });

  test('what is asked of a person is enough, and not much more', () => {
    fc.assert(
      fc.property(fc.nat(2_000_000), fc.nat(2_000_000), fc.nat(1_000_000), (spent, worst, kept) => {
        const cap = { usd: 0.9, tokens: 900_000 };
        const before = { cap, counted: amount(spent), portions: [portion('end', kept)] };
        const queue = [waits('a', worst)];
        if (nextToGo(before, queue)) return;
        const raised: Cap = { ...cap, ...shortage(before, waits('a', worst)).raiseTo };
        expect(nextToGo({ ...before, cap: raised }, queue)).toBe(queue[0]);
        expect(raised.usd).toBeLessThan((spent + worst + kept) * MICRO + 0.01);
        expect(raised.tokens).toBe(spent + worst + kept);
      }),
    );
  });
});

/** What happens to a create after it was let through. */
const fate = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('used' as const), share: fc.double({ min: 0, max: 1.5, noNaN: true }) }),
  },
  fc.record({ kind: fc.constantFrom('refused' as const, 'unsent' as const) }),
  fc.record({
    kind: fc.constantFrom('lost' as const, 'running' as const, 'silent' as const),
    found: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);
const arrival = fc.record({ worst: fc.integer({ min: 1, max: 50 }), fate, isFinal: fc.boolean() });
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('arrive' as const), create: arrival }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('find' as const), which: fc.nat() }) },
  fc.record({ do: fc.constant('raise' as const), by: fc.nat(40) }),
);
type Create = (typeof arrival extends fc.Arbitrary<infer T> ? T : never) & { stepId: string; responseId: string };

/** Ledger and gate as the workflow drives them, and beside them a plain account of the same. */
class Simulation {
  readonly ledger = new LedgerBook(PRICES, false);
  readonly queue: (Waiting & { create: Create })[] = [];
  readonly arrived: string[] = [];
  readonly went: string[] = [];
  readonly open: Create[] = [];
  readonly doubts: Create[] = [];
  spent = 0;
  /** By how much ended responses have used more than their worst price. */
  overruns = 0;
  /** Whether a create was let through with which more counts than the cap. */
  isOverrun = false;

  constructor(
    public cap: number,
    readonly kept: number,
  ) {}

  private portions(): Portion[] {
    const stepIds = new Set(this.arrivedFinals);
    const { tokens } = this.ledger.counted(stepIds);
    return [{ stepIds, left: amount(Math.max(0, this.kept - tokens)) }];
  }
  readonly arrivedFinals: string[] = [];

  arrive(create: Omit<Create, 'stepId' | 'responseId'>): void {
    const stepId = `step-${this.arrived.length}`;
    this.arrived.push(stepId);
    if (create.isFinal) this.arrivedFinals.push(stepId);
    this.queue.push({ ...waits(stepId, create.worst), create: { ...create, stepId, responseId: `resp-${stepId}` } });
  }

  /** Lets through whoever may go. */
  letThrough(): void {
    for (;;) {
      const counted = this.ledger.counted();
      const next = nextToGo({ cap: { tokens: this.cap }, counted, portions: this.portions() }, this.queue);
      if (!next) return;
      this.queue.splice(this.queue.indexOf(next), 1);
      this.ledger.hold(next.stepId, next.worst);
      this.ledger.reserve(next.stepId, next.worst.usd);
      this.went.push(next.stepId);
      this.open.push(next.create);
      this.isOverrun ||= this.ledger.counted().tokens > this.cap;
    }
  }

  /** Who is first waits for want of room, and for nothing else. */
  firstLacksRoom(): boolean {
    const [head] = this.queue;
    if (!head) return true;
    const isFinal = this.arrivedFinals.includes(head.stepId);
    const kept = isFinal ? 0 : this.portions().reduce((sum, { left }) => sum + left.tokens, 0);
    return this.expected() + kept + head.worst.tokens > this.cap;
  }

  end(which: number): void {
    const [create] = this.open.splice(which % Math.max(1, this.open.length), 1);
    if (!create) return;
    const { stepId, responseId, fate: how, worst } = create;
    const reason = 'a test';
    if (how.kind === 'refused') this.ledger.settle(stepId);
    else if (how.kind === 'unsent') this.ledger.unreserve(stepId);
    else if (how.kind === 'used') this.ledger.settle(stepId, this.use(create, Math.round(worst * how.share)));
    else {
      this.doubts.push(create);
      if (how.kind === 'lost') this.ledger.bookAmbiguous({ stepId, turn: 1, create: 1, reason });
      else if (how.kind === 'running') this.ledger.bookPossiblyRunning({ stepId, responseId, reason });
      else this.ledger.settle(stepId, { responseId, status: 'cancelled', model: 'm', hostedCalls: {} });
    }
  }

  /** What was in doubt shows itself, twice, as webhooks do. */
  find(which: number): void {
    const [create] = this.doubts.splice(which % Math.max(1, this.doubts.length), 1);
    if (!create || !('found' in create.fate)) return;
    const { stepId, responseId, fate: how, worst } = create;
    const used = this.use(create, Math.round(worst * how.found));
    if (how.kind === 'lost') this.ledger.bookFound({ stepId, turn: 1, create: 1, responseId }, used);
    else this.ledger.bookLate(stepId, used);
    this.ledger.bookLate(stepId, used);
  }

  private use({ responseId, worst }: Create, tokens: number) {
    this.spent += tokens;
    this.overruns += Math.max(0, tokens - worst);
    const usage = { ...NO_USAGE, output: tokens };
    return { responseId, status: 'completed', model: 'm', usage, hostedCalls: {} };
  }

  /** The plain account. */
  expected(): number {
    const worst = [...this.open, ...this.doubts].reduce((sum, create) => sum + create.worst, 0);
    return this.spent + worst;
  }
}

const scenario = fc.record({
  cap: fc.integer({ min: 1, max: 200 }),
  kept: fc.nat(60),
  actions: fc.array(action, { maxLength: 80 }),
});

test('in any order of creates, ends, losses, finds and raises the cap holds, nothing counts twice, nobody is passed', () => {
  fc.assert(
    fc.property(scenario, ({ cap, kept, actions }) => {
      const run = new Simulation(cap, kept);
      for (const step of actions) {
        if (step.do === 'arrive') run.arrive(step.create);
        else if (step.do === 'end') run.end(step.which);
        else if (step.do === 'find') run.find(step.which);
        else run.cap += step.by;
        run.letThrough();
        expect(run.firstLacksRoom()).toBe(true);
        expect(run.isOverrun).toBe(false);
        const { tokens, usd } = run.ledger.counted();
        expect(tokens).toBe(run.expected());
        expect(usd).toBeCloseTo(run.expected() * MICRO, 9);
        // Above the cap only by what responses under way have used beyond their worst price.
        expect(run.spent).toBeLessThanOrEqual(run.cap + run.overruns);
      }
      const finals = new Set(run.arrivedFinals);
      const order = (ids: string[]): string[] => ids.filter((id) => !finals.has(id));
      expect(order(run.went)).toEqual(order(run.arrived).slice(0, order(run.went).length));
      // Enough room, and everybody goes.
      run.cap = 1_000_000;
      run.letThrough();
      expect(run.queue).toEqual([]);
      expect(new Set(run.went).size).toBe(run.arrived.length);
    }),
    { numRuns: 200 },
  );
});

test('the account of a budget goes on in the next execution', () => {
  const ledger = new LedgerBook(PRICES, false);
  for (const [i, stepId] of ['a', 'b', 'c', 'd'].entries()) {
    ledger.hold(stepId, amount(10 + i));
    ledger.reserve(stepId, (10 + i) * MICRO);
  }
  ledger.bookAmbiguous({ stepId: 'a', turn: 1, create: 1, reason: 'a test' });
  ledger.bookAmbiguous({ stepId: 'b', turn: 1, create: 1, reason: 'a test' });
  // Found, and waited for: in doubt until it ends.
  ledger.bookFound({ stepId: 'b', turn: 1, create: 1, responseId: 'resp_b' });
  ledger.settle('c', { responseId: 'resp_c', status: 'completed', model: 'unknown', usage: NO_USAGE, hostedCalls: {} });
  expect(ledger.counted().tokens).toBe(10 + 11 + 13);
  expect(ledger.counted().usd).toBeCloseTo((10 + 11 + 12 + 13) * MICRO, 9);
  const next = new LedgerBook(PRICES, false);
  next.restore(ledger.carry());
  expect(next.counted()).toEqual(ledger.counted());
  expect(next.holds('d')).toBe(true);
  const usage = { ...NO_USAGE, output: 4 };
  next.settle('b', { responseId: 'resp_b', status: 'completed', model: 'm', usage, hostedCalls: {} });
  expect(next.counted().tokens).toBe(10 + 4 + 13);
});
