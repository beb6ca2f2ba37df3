import { z } from 'zod';
import { type Amount } from './budget';
import { type HostedCalls, NO_USAGE, type Usage } from './usage';

const usd = z.number().min(0);

/** Prices of one model in USD per million tokens. */
export const modelPriceSchema = z.strictObject({
  input: usd,
  /** Input read from the provider's cache; default: the price of `input`. */
  cached: usd.optional(),
  /** Input written to the cache; default: the price of `input`. */
  cacheWrite: usd.optional(),
  output: usd,
  /** Above this number of input tokens the whole request costs more. */
  longContext: z
    .strictObject({
      aboveInputTokens: z.int().positive(),
      inputFactor: z.number().min(1),
      outputFactor: z.number().min(1),
    })
    .optional(),
  /** Most output tokens of one response; bounds the worst price of a step without `maxOutputTokens`. */
  maxOutputTokens: z.int().positive().optional(),
});
export type ModelPrice = z.infer<typeof modelPriceSchema>;

/** A dated price table. */
export const priceTableSchema = z.strictObject({
  /** Day on which the prices were read, `YYYY-MM-DD`. */
  date: z.iso.date(),
  models: z.record(z.string(), modelPriceSchema),
  /** USD for one call of a hosted tool. */
  toolCalls: z.record(z.string(), usd).default({}),
});
export type PriceTable = z.infer<typeof priceTableSchema>;

/** What a response costs. `unpriced` is set when the model stands in no table: then only its tool fees are known. */
export type Cost = { tokensUsd: number; toolFeesUsd: number; unpriced: boolean };

const MILLION = 1_000_000;
/** Assumed for a model whose largest output is not in the table. */
const DEFAULT_MAX_OUTPUT_TOKENS = 128_000;
/** Bytes of English text to a token, taken low so that a worst price is not too small. */
const BYTES_PER_TOKEN = 3;
/** Allowance for each hosted tool of a step in its worst price: the API does not bound its calls. */
const ASSUMED_CALLS_PER_TOOL = 20;
const ASSUMED_INPUT_TOKENS_PER_CALL = 4_000;

/** Cost of a finished response by its usage; dated snapshots (`gpt-x-2026-01-02`) take the price of their model. */
export function costOf(prices: PriceTable, model: string, use: { usage: Usage; hostedCalls: HostedCalls }): Cost {
  const toolFeesUsd = Object.entries(use.hostedCalls).reduce(
    (sum, [tool, calls]) => sum + calls * (prices.toolCalls[tool] ?? 0),
    0,
  );
  const price = priceOf(prices, model);
  if (!price) return { tokensUsd: 0, toolFeesUsd, unpriced: true };
  return { tokensUsd: tokensCost(price, use.usage), toolFeesUsd, unpriced: false };
}

/** Name under which a model stands in a table: its own, or that of the model that a dated snapshot belongs to. */
export function pricedName({ models }: PriceTable, model: string): string | undefined {
  return [model, model.replace(/-\d{4}-\d{2}-\d{2}$/, '')].find((name) => Object.hasOwn(models, name));
}

/** Price of a model, or of the model that a dated snapshot belongs to. */
export function priceOf(prices: PriceTable, model: string): ModelPrice | undefined {
  const name = pricedName(prices, model);
  return name === undefined ? undefined : prices.models[name];
}

function tokensCost(price: ModelPrice, usage: Usage): number {
  const long = price.longContext && usage.input > price.longContext.aboveInputTokens ? price.longContext : undefined;
  const plain = Math.max(0, usage.input - usage.cached - usage.cacheWrite);
  const input =
    plain * price.input +
    usage.cached * (price.cached ?? price.input) +
    usage.cacheWrite * (price.cacheWrite ?? price.input);
  return (input * (long?.inputFactor ?? 1) + usage.output * price.output * (long?.outputFactor ?? 1)) / MILLION;
}

/** What a step may cost before it runs: its own bytes, the most that its context may hold, its largest output. */
export type StepBound = {
  model: string;
  ownBytes: number;
  contextTokens: number;
  maxOutputTokens?: number;
  tools: readonly string[];
  /** Most calls of its hosted tools together, where the step says so. */
  maxToolCalls?: number;
};

/** The most that one create of a step can cost, in USD; NaN when the model has no price. */
export function worstPrice(prices: PriceTable, step: StepBound): number {
  const price = priceOf(prices, step.model);
  if (!price) return Number.NaN;
  // Writing to the provider's cache can cost more than plain input.
  const dearest = { ...price, input: Math.max(price.input, price.cached ?? 0, price.cacheWrite ?? 0) };
  const usage = { ...NO_USAGE, input: worstInput(step), output: maxOutput(prices, step) };
  return tokensCost(dearest, usage) + worstFees(prices, step);
}

function worstFees({ toolCalls }: PriceTable, { tools, maxToolCalls }: StepBound): number {
  const fees = tools.map((tool) => toolCalls[tool] ?? 0);
  // The provider counts the calls of all tools together.
  if (maxToolCalls !== undefined) return maxToolCalls * Math.max(0, ...fees);
  return fees.reduce((sum, fee) => sum + ASSUMED_CALLS_PER_TOOL * fee, 0);
}

/** The same with the most tokens that it can use, which are known without a price too. */
export function worstUse(prices: PriceTable, step: StepBound): Amount {
  return { usd: worstPrice(prices, step), tokens: worstInput(step) + maxOutput(prices, step) };
}

function worstInput({ ownBytes, contextTokens, tools, maxToolCalls }: StepBound): number {
  const allowance = tools.length * ASSUMED_CALLS_PER_TOOL;
  const calls = tools.length === 0 ? 0 : (maxToolCalls ?? allowance);
  return Math.ceil(ownBytes / BYTES_PER_TOKEN) + contextTokens + calls * ASSUMED_INPUT_TOKENS_PER_CALL;
}

/**
 * `maxOutputTokens` of a step that sets none, in a run with a budget: what OpenAI advises to leave for reasoning and
 * answer together. The largest output of a model is several times that, and steps would wait for money that they never
 * spend.
 */
const BUDGETED_OUTPUT_TOKENS = 25_000;

/** The same for a model, which may have less. */
export function budgetedOutput(prices: PriceTable, model: string): number {
  return Math.min(BUDGETED_OUTPUT_TOKENS, maxOutput(prices, { model }));
}

/** Most output tokens that one response of a step can have. */
export function maxOutput(prices: PriceTable, step: Pick<StepBound, 'model' | 'maxOutputTokens'>): number {
  return step.maxOutputTokens ?? priceOf(prices, step.model)?.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS;
}
