import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { costOf, priceOf } from '../../contract/prices';
import { NO_USAGE } from '../../contract/usage';
import { loadPrices, selectPrices } from '../../openai';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prices-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('the table of this version', () => {
  it('is dated and prices tokens, long prompts and searches', async () => {
    const prices = await loadPrices();
    expect(prices.date).toMatch(/^20\d\d-\d\d-\d\d$/);
    const usage = { ...NO_USAGE, input: 100_000, cached: 40_000, output: 1_000 };
    const cost = costOf(prices, 'gpt-5.5-2026-04-01', { usage, hostedCalls: { web_search: 3 } });
    expect(cost.unpriced).toBe(false);
    expect(cost.tokensUsd).toBeCloseTo(0.06 * 5 + 0.04 * 0.5 + 0.001 * 30, 10);
    expect(cost.toolFeesUsd).toBeCloseTo(0.03, 10);
    const long = costOf(prices, 'gpt-5.5', { usage: { ...NO_USAGE, input: 300_000, output: 1_000 }, hostedCalls: {} });
    expect(long.tokensUsd).toBeCloseTo(0.3 * 5 * 2 + 0.001 * 30 * 1.5, 10);
  });

  it('prices no cached token above a plain one, and bounds every output', async () => {
    for (const [model, price] of Object.entries((await loadPrices()).models)) {
      expect([model, (price.cached ?? 0) <= price.input]).toEqual([model, true]);
      expect([model, price.output > price.input]).toEqual([model, true]);
      expect([model, price.maxOutputTokens !== undefined]).toEqual([model, true]);
    }
  });
});

describe('a table of the user', () => {
  it('replaces it', async () => {
    const file = join(directory, 'prices.json');
    const mine = { date: '2026-12-01', models: { 'my-model': { input: 1, output: 2 } }, toolCalls: {} };
    await writeFile(file, JSON.stringify(mine));
    expect(await loadPrices(file)).toEqual(mine);
  });

  it.each([
    ['no JSON', '{', /price table .*wrong\.json is not valid: .*expected JSON/],
    ['a wrong price', '{"date":"2026-12-01","models":{"m":{"input":-1,"output":2}}}', /models\.m\.input: .*got -1/],
    [
      'an unknown field',
      '{"date":"2026-12-01","models":{"m":{"input":1,"output":2,"in":1}}}',
      /models\.m\.in: unknown field/,
    ],
    ['no date', '{"models":{}}', /date: /],
  ])('is refused with %s', async (_, text, message) => {
    const file = join(directory, 'wrong.json');
    await writeFile(file, text);
    await expect(loadPrices(file)).rejects.toThrow(message);
  });

  it('is refused when it is not there', async () => {
    await expect(loadPrices(join(directory, 'none.json'))).rejects.toThrow(/price table .*none\.json.*ENOENT/);
  });
});

describe('selectPrices', () => {
  it('keeps the named models, by their own price or that of their model', async () => {
    const prices = await loadPrices();
    const selected = selectPrices(prices, ['gpt-5.4-mini-2026-03-17', 'gpt-4.1', 'no-such-model']);
    expect(Object.keys(selected.models)).toEqual(['gpt-5.4-mini', 'gpt-4.1']);
    expect(priceOf(selected, 'gpt-5.4-mini-2026-03-17')).toEqual(prices.models['gpt-5.4-mini']);
    expect(selected.toolCalls).toEqual(prices.toolCalls);
    expect(selected.date).toBe(prices.date);
  });
});
