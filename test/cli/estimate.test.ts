import { planPipeline } from '../../contract/pipeline';
import { type PriceTable } from '../../contract/prices';
import { worstCost } from '../../worker/estimate';

const prices: PriceTable = {
  date: '2026-11-22',
  models: { m: { input: 1, output: 10, maxOutputTokens: 1_000_000 } },
  toolCalls: { web_search: 0.01 },
};

const cost = (input: unknown) => worstCost(planPipeline(input).steps, prices, 'm');

test('every step counts with its largest output, and again with its retries', () => {
  const steps = [
    { id: 'a', prompt: 'A', maxOutputTokens: 1_000 },
    { id: 'b', prompt: 'B', after: [], retries: 0 },
  ];
  const { usd, usdWithRetries } = cost({ steps });
  expect(usd).toBeCloseTo(0.01 + 10, 3);
  expect(usdWithRetries).toBeCloseTo(0.02 + 10, 3);
});

test('context, templates and tools make a step dearer', () => {
  const first = { id: 'a', prompt: 'A', maxOutputTokens: 100_000 };
  const alone = cost({ steps: [first, { id: 'b', prompt: 'B', after: [], maxOutputTokens: 16 }] }).usd;
  const withContext = cost({ steps: [first, { id: 'b', prompt: 'B', maxOutputTokens: 16 }] }).usd;
  const withTemplate = cost({ steps: [first, { id: 'b', prompt: '{{steps.a.text}}', maxOutputTokens: 16 }] }).usd;
  expect(withContext - alone).toBeCloseTo(0.1, 3);
  expect(withTemplate - alone).toBeCloseTo(0.1, 3);
  const tools = [{ type: 'web_search' }];
  expect(cost({ steps: [{ ...first, tools }] }).usd - cost({ steps: [first] }).usd).toBeCloseTo(0.2 + 0.08, 3);
});

test.each(['stateless', 'conversation', 'previous_response'] as const)(
  'a long chain grows no faster than its texts (%s)',
  (strategy) => {
    const steps = Array.from({ length: 300 }, (_, i) => ({
      id: `s${i}`,
      prompt: 'Go on.',
      maxOutputTokens: 1_000,
      context: { strategy, ...(strategy === 'stateless' && i > 0 && { from: 'all' as const }) },
    }));
    const { usd } = cost({ steps });
    const output = 300 * 0.01;
    const inputOfAll = (300 * 300 * 1_100) / 1e6;
    expect(usd).toBeGreaterThan(output);
    expect(usd).toBeLessThan(output + inputOfAll);
  },
);

test('one model without a price makes the sum unknown, and is named once', () => {
  const { usd, unpriced } = cost({
    steps: [
      { id: 'a', prompt: 'A' },
      { id: 'b', prompt: 'B', model: 'x' },
      { id: 'c', prompt: 'C', model: 'x' },
    ],
  });
  expect(usd).toBeNaN();
  expect(unpriced).toEqual(['x']);
});
