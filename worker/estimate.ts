import { DEFAULT_MAX_TURNS, DEFAULT_RETRIES, type PlannedStep } from '../contract/graph';
import { type PriceTable, worstPrice } from '../contract/prices';
import { endsInCalls } from '../contract/step';
import { StepBounds } from '../contract/step-bounds';
import { loadPrices } from '../openai';
import { readWorkerConfig } from './config';

/** The most that a run can cost before anything of it has run. */
export interface WorstCost {
  /** USD when every step is created once; NaN when a model has no price. */
  usd: number;
  /** USD when every step is created again as often as its `retries` allow. */
  usdWithRetries: number;
  /** Models without a price. */
  unpriced: string[];
  /** Day of the prices. */
  pricesDate: string;
}

/**
 * Worst price of a planned pipeline at the provider that the environment names.
 * @throws ConfigurationError for the environment.
 */
export async function estimateWorstUsd(steps: readonly PlannedStep[], env: NodeJS.ProcessEnv): Promise<WorstCost> {
  const config = readWorkerConfig(env);
  return worstCost(steps, await loadPrices(config.pricesFile), config.defaultModel);
}

/** Worst price of planned steps by a price table. */
export function worstCost(planned: readonly PlannedStep[], prices: PriceTable, defaultModel: string): WorstCost {
  const steps = planned.map((step) => ({ ...step, model: step.model ?? defaultModel }));
  const bounds = new StepBounds(steps, prices);
  let usd = 0;
  let usdWithRetries = 0;
  const unpriced = new Set<string>();
  for (const step of steps) {
    const worst = worstPrice(prices, bounds.of(step));
    if (Number.isNaN(worst)) unpriced.add(step.model);
    // What its tools will answer is not known: each of its turns counts as its first one.
    const turns = endsInCalls(step.tools) ? (step.maxTurns ?? DEFAULT_MAX_TURNS) : 1;
    usd += worst * turns;
    usdWithRetries += worst * (turns + (step.retries ?? DEFAULT_RETRIES));
  }
  return { usd, usdWithRetries, unpriced: [...unpriced], pricesDate: prices.date };
}
