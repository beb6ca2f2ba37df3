import * as fc from 'fast-check';
import { ledgerSchema } from '../../contract/ledger';
import { type PriceTable } from '../../contract/prices';
import { addUsage, NO_USAGE } from '../../contract/usage';
import { LedgerBook } from '../../workflows/ledger';

const PRICES: PriceTable = {
  date: '2026-11-22',
  models: { 'gpt-x': { input: 10, cached: 1, output: 50 } },
  toolCalls: { web_search: 0.01 },
};
const ENDED = { responseId: 'resp_1', status: 'completed' };
const book = (): LedgerBook => new LedgerBook(PRICES, false);

test('what is reserved counts until it is settled, what was used is booked', () => {
  const ledger = book();
  ledger.reserve('a', 3);
  expect(ledger.snapshot()).toMatchObject({ reservedUsd: 3, total: { creates: 1, usd: 0 } });
  const usage = { ...NO_USAGE, input: 100_000, output: 10_000 };
  ledger.settle('a', { ...ENDED, model: 'gpt-x-2026-01-02', usage, hostedCalls: { web_search: 5 } });
  expect(ledger.snapshot()).toMatchObject({
    reservedUsd: 0,
    unpriced: [],
    total: { creates: 1, usd: 1.55, toolFeesUsd: 0.05, usage, hostedCalls: { web_search: 5 } },
  });
});

describe('what the provider did not say', () => {
  const cancelled = { responseId: 'resp_1', status: 'cancelled', model: 'gpt-x', hostedCalls: {} };
  const usage = { ...NO_USAGE, input: 100_000 };

  test('is unknown with its worst price as bound, and not nothing', () => {
    const ledger = book();
    ledger.reserve('a', 3);
    ledger.settle('a', cancelled);
    expect(ledger.snapshot()).toMatchObject({
      reservedUsd: 0,
      total: { usd: 0 },
      costUnknown: [{ stepId: 'a', responseId: 'resp_1', worstUsd: 3, reason: expect.stringContaining('cancelled') }],
    });
  });

  test('is booked once when it is told later', () => {
    const ledger = book();
    ledger.reserve('a', 3);
    ledger.settle('a', cancelled);
    ledger.bookLate('a', cancelled);
    expect(ledger.snapshot().costUnknown).toMatchObject([{ worstUsd: 3 }]);
    ledger.bookLate('a', { ...cancelled, status: 'completed', usage });
    ledger.bookLate('a', { ...cancelled, status: 'completed', usage });
    expect(ledger.snapshot()).toMatchObject({ costUnknown: [], total: { usd: 1, usage } });
  });

  test('of one that may be running is settled by its end, or stays unknown', () => {
    const ledger = book();
    ledger.reserve('a', 3);
    ledger.bookPossiblyRunning({ stepId: 'a', responseId: 'resp_1', reason: 'no answer' });
    expect(ledger.snapshot()).toMatchObject({ reservedUsd: 0, possiblyRunning: [{ worstUsd: 3 }] });
    ledger.bookLate('a', cancelled);
    expect(ledger.snapshot()).toMatchObject({ possiblyRunning: [], costUnknown: [{ worstUsd: 3 }] });
  });

  test('of a lost create that was found is bounded by the worst price of that create', () => {
    const ledger = book();
    const create = { stepId: 'a', turn: 1, create: 1 };
    ledger.reserve('a', 3);
    ledger.bookAmbiguous({ ...create, reason: 'lost' });
    ledger.reserve('a', 5);
    ledger.bookFound({ ...create, responseId: 'resp_1' }, cancelled);
    expect(ledger.snapshot()).toMatchObject({ reservedUsd: 5, costUnknown: [{ worstUsd: 3 }] });
  });

  test('has no bound without a price, and neither has a lost create', () => {
    const ledger = book();
    ledger.reserve('a', Number.NaN);
    ledger.settle('a', cancelled);
    ledger.reserve('b', Number.NaN);
    ledger.bookAmbiguous({ stepId: 'b', turn: 1, create: 1, reason: 'lost' });
    const { costUnknown, ambiguous } = ledger.snapshot();
    expect([...costUnknown, ...ambiguous].map(({ worstUsd }) => worstUsd)).toEqual([undefined, undefined]);
  });
});

test('a lost create keeps its worst price and is settled by nobody', () => {
  const ledger = book();
  ledger.reserve('a', 3);
  ledger.bookAmbiguous({ stepId: 'a', turn: 1, create: 1, reason: 'lost' });
  expect(ledger.snapshot()).toMatchObject({
    reservedUsd: 0,
    total: { creates: 1, usd: 0 },
    ambiguous: [{ stepId: 'a', create: 1, worstUsd: 3 }],
  });
});

test('models without a price are named, and reserve nothing', () => {
  const ledger = book();
  ledger.reserve('a', Number.NaN);
  ledger.settle('a', { ...ENDED, model: 'other', usage: { ...NO_USAGE, input: 10 }, hostedCalls: {} });
  ledger.settle('a', { ...ENDED, model: 'other', hostedCalls: {} });
  expect(ledger.snapshot()).toMatchObject({
    reservedUsd: 0,
    unpriced: ['other'],
    total: { usd: 0, usage: { input: 10 } },
  });
});

test('an account that was never opened is empty, also under the name of an object’s own part', () => {
  expect(book().account('constructor')).toMatchObject({ usd: 0, creates: 0 });
  const ledger = book();
  ledger.reserve('constructor', 1);
  expect(ledger.snapshot().steps['constructor']).toMatchObject({ creates: 1 });
});

const steps = ['a', 'b', 'constructor'] as const;
const tokens = fc.record({
  input: fc.nat(1_000_000),
  cached: fc.nat(1_000),
  cacheWrite: fc.nat(1_000),
  output: fc.nat(100_000),
  reasoning: fc.nat(1_000),
});
/** What may happen to a create, in any order between steps; within a step a create is reserved before it ends. */
const ending = fc.oneof(
  fc.record({ kind: fc.constant('used' as const), usage: tokens, searches: fc.nat(30) }),
  fc.record({ kind: fc.constant('refused' as const) }),
  fc.record({ kind: fc.constant('unsent' as const) }),
  fc.record({ kind: fc.constant('lost' as const) }),
);
const event = fc.record({
  step: fc.constantFrom(...steps),
  worst: fc.double({ min: 0, max: 100, noNaN: true }),
  ending,
});

test('in any order of creates and ends totals add up, and nothing is counted twice or below zero', () => {
  const property = fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    const ledger = book();
    const open = new Map<string, { worst: number; ending: (typeof events)[number]['ending'] }>();
    const sum = { usage: NO_USAGE, usd: 0, fees: 0, creates: 0, lost: 0 };
    const end = (step: string): void => {
      const create = open.get(step);
      if (!create) return;
      open.delete(step);
      const { ending: how } = create;
      if (how.kind === 'refused') ledger.settle(step);
      else if (how.kind === 'unsent') {
        ledger.unreserve(step);
        sum.creates -= 1;
      } else if (how.kind === 'lost') {
        ledger.bookAmbiguous({ stepId: step, turn: 1, create: 1, reason: 'lost' });
        sum.lost += create.worst;
      } else {
        const { usage, searches } = how;
        ledger.settle(step, {
          ...ENDED,
          model: 'gpt-x',
          usage,
          hostedCalls: searches > 0 ? { web_search: searches } : {},
        });
        const plain = Math.max(0, usage.input - usage.cached - usage.cacheWrite) + usage.cacheWrite;
        sum.usage = addUsage(sum.usage, usage);
        sum.fees += searches * 0.01;
        sum.usd += (plain * 10 + usage.cached + usage.output * 50) / 1e6 + searches * 0.01;
      }
    };
    for (const { step, worst, ending: how } of events) {
      end(step);
      ledger.reserve(step, worst);
      sum.creates += 1;
      open.set(step, { worst, ending: how });
      const { reservedUsd } = ledgerSchema.parse(ledger.snapshot());
      expect(reservedUsd).toBeCloseTo(
        [...open.values()].reduce((all, create) => all + create.worst, 0),
        6,
      );
    }
    for (const step of steps) end(step);
    const after = ledgerSchema.parse(ledger.snapshot());
    expect(after.reservedUsd).toBe(0);
    expect(after.total.usage).toEqual(sum.usage);
    expect(after.total.usd).toBeCloseTo(sum.usd, 6);
    expect(after.total.toolFeesUsd).toBeCloseTo(sum.fees, 6);
    expect(after.total.creates).toBe(sum.creates);
    expect(after.ambiguous.reduce((all, { worstUsd = 0 }) => all + worstUsd, 0)).toBeCloseTo(sum.lost, 6);
    const bySteps = Object.values(after.steps).reduce((all, { usd }) => all + usd, 0);
    expect(bySteps).toBeCloseTo(after.total.usd, 6);
  });
  fc.assert(property);
});

test('a snapshot does not change afterwards', () => {
  const ledger = book();
  const before = ledger.snapshot();
  ledger.reserve('a', 1);
  ledger.bookAmbiguous({ stepId: 'a', turn: 1, create: 1, reason: 'lost' });
  ledger.bookPossiblyRunning({ stepId: 'a', responseId: 'resp_1', reason: 'no answer' });
  expect(before).toMatchObject({ ambiguous: [], possiblyRunning: [], steps: {}, total: { creates: 0 } });
});
