import * as fc from 'fast-check';
import {
  costOf,
  maxOutput,
  type ModelPrice,
  priceOf,
  type PriceTable,
  worstPrice,
  worstUse,
} from '../../contract/prices';
import { NO_USAGE } from '../../contract/usage';

const table = (price: ModelPrice, toolCalls: Record<string, number> = {}): PriceTable => ({
  date: '2026-11-22',
  models: { 'gpt-x': price },
  toolCalls,
});
const PLAIN: ModelPrice = { input: 10, cached: 1, cacheWrite: 12, output: 50 };
const usd = (price: ModelPrice, usage: object, model = 'gpt-x'): number =>
  costOf(table(price), model, { usage: { ...NO_USAGE, ...usage }, hostedCalls: {} }).tokensUsd;

describe('costOf', () => {
  test.each<[name: string, price: ModelPrice, usage: object, cost: number]>([
    ['plain input and output', PLAIN, { input: 1_000_000, output: 100_000 }, 15],
    ['cached input costs its own price', PLAIN, { input: 1_000_000, cached: 400_000 }, 6.4],
    ['writing to the cache costs its own price', PLAIN, { input: 1_000_000, cacheWrite: 500_000 }, 11],
    ['reasoning is part of the output', PLAIN, { output: 100_000, reasoning: 90_000 }, 5],
    ['cached without a price costs as input', { input: 10, output: 50 }, { input: 100_000, cached: 50_000 }, 1],
    ['more cached than input is no negative price', PLAIN, { input: 0, cached: 1_000_000 }, 1],
    ['nothing', PLAIN, {}, 0],
  ])('%s', (_name, price, usage, cost) => {
    expect(usd(price, usage)).toBeCloseTo(cost, 10);
  });

  test('above the limit of long context the whole request costs more', () => {
    const price = { ...PLAIN, longContext: { aboveInputTokens: 200_000, inputFactor: 2, outputFactor: 1.5 } };
    expect(usd(price, { input: 200_000, output: 10_000 })).toBeCloseTo(2.5, 10);
    expect(usd(price, { input: 300_000, output: 10_000 })).toBeCloseTo(6.75, 10);
    expect(usd(price, { input: 300_000, cached: 300_000 })).toBeCloseTo(0.6, 10);
  });

  test('a dated snapshot takes the price of its model', () => {
    expect(usd(PLAIN, { input: 1_000_000 }, 'gpt-x-2026-01-02')).toBe(10);
    expect(priceOf(table(PLAIN), 'gpt-x-20260102')).toBeUndefined();
  });

  test.each(['unknown', 'constructor', '__proto__', 'toString'])('a model %j without a price is unpriced', (model) => {
    const use = { usage: { ...NO_USAGE, input: 5 }, hostedCalls: { web_search: 3 } };
    expect(costOf(table(PLAIN, { web_search: 0.01 }), model, use)).toEqual({
      tokensUsd: 0,
      toolFeesUsd: 0.03,
      unpriced: true,
    });
    expect(worstPrice(table(PLAIN), { model, ownBytes: 1, contextTokens: 0, tools: [] })).toBeNaN();
  });

  test('hosted calls cost their fee, those without one nothing', () => {
    const use = { usage: NO_USAGE, hostedCalls: { web_search: 4, file_search: 2 } };
    expect(costOf(table(PLAIN, { web_search: 0.01 }), 'gpt-x', use).toolFeesUsd).toBeCloseTo(0.04, 10);
  });
});

const money = fc.double({ min: 0, max: 200, noNaN: true });
const anyPrice: fc.Arbitrary<ModelPrice> = fc.record(
  {
    input: money,
    output: money,
    cached: money,
    cacheWrite: money,
    maxOutputTokens: fc.integer({ min: 1, max: 200_000 }),
    longContext: fc.record({
      aboveInputTokens: fc.integer({ min: 1, max: 400_000 }),
      inputFactor: fc.double({ min: 1, max: 4, noNaN: true }),
      outputFactor: fc.double({ min: 1, max: 4, noNaN: true }),
    }),
  },
  { requiredKeys: ['input', 'output'] },
);
const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyBound = fc.record({
  model: fc.constantFrom('gpt-x', 'gpt-x-2026-01-02'),
  ownBytes: fc.nat(1_000_000),
  contextTokens: fc.nat(500_000),
  maxOutputTokens: fc.option(fc.integer({ min: 16, max: 200_000 }), { nil: undefined }),
  tools: fc.array(fc.constantFrom('web_search', 'file_search', 'mcp'), { maxLength: 4 }),
});
const CALLS_PER_TOOL = 20;
const TOKENS_PER_CALL = 4_000;

test('the worst price is never below the cost of any usage within its bounds', () => {
  const property = fc.property(
    anyPrice,
    anyBound,
    money,
    fc.record({ input: share, cached: share, cacheWrite: share, output: share, calls: share }),
    (price, bound, fee, shares) => {
      const prices = table(price, { web_search: fee, file_search: fee / 2 });
      const calls = bound.tools.length * CALLS_PER_TOOL;
      const most = Math.ceil(bound.ownBytes / 3) + bound.contextTokens + calls * TOKENS_PER_CALL;
      const input = Math.floor(most * shares.input);
      const cached = Math.floor(input * shares.cached);
      const cacheWrite = Math.floor((input - cached) * shares.cacheWrite);
      const output = Math.floor(maxOutput(prices, bound) * shares.output);
      const hostedCalls: Record<string, number> = {};
      for (const tool of bound.tools)
        hostedCalls[tool] = (hostedCalls[tool] ?? 0) + Math.floor(CALLS_PER_TOOL * shares.calls);
      const usage = { input, cached, cacheWrite, output, reasoning: 0 };
      const cost = costOf(prices, bound.model, { usage, hostedCalls });
      const worst = worstPrice(prices, bound);
      expect(worst * (1 + 1e-9) + 1e-9).toBeGreaterThanOrEqual(cost.tokensUsd + cost.toolFeesUsd);
    },
  );
  fc.assert(property, { numRuns: 1_000 });
});

test('the largest output is that of the step, else of the model, else assumed', () => {
  const prices = table({ ...PLAIN, maxOutputTokens: 5_000 });
  expect(maxOutput(prices, { model: 'gpt-x', maxOutputTokens: 100 })).toBe(100);
  expect(maxOutput(prices, { model: 'gpt-x' })).toBe(5_000);
  expect(maxOutput(table(PLAIN), { model: 'gpt-x' })).toBe(128_000);
});

test('a bound of tool calls takes the place of what is assumed of each tool', () => {
  const prices = table(PLAIN, { web_search: 0.01, file_search: 0.002 });
  const step = {
    model: 'gpt-x',
    ownBytes: 0,
    contextTokens: 0,
    maxOutputTokens: 0,
    tools: ['web_search', 'file_search'],
  };
  const feesOf = (maxToolCalls?: number): number =>
    worstPrice(table({ input: 0, output: 0 }, prices.toolCalls), { ...step, maxToolCalls });
  expect(feesOf()).toBeCloseTo(20 * 0.012, 9);
  expect(feesOf(3)).toBeCloseTo(3 * 0.01, 9);
  expect(worstUse(prices, { ...step, maxToolCalls: 3 }).tokens).toBe(3 * TOKENS_PER_CALL);
  expect(worstUse(prices, { ...step, tools: [], maxToolCalls: 3 }).tokens).toBe(0);
});
