import { finalSteps, type PlannedStep } from '../contract/graph';
import { budgetedOutput, worstUse } from '../contract/prices';
import { StepBounds } from '../contract/step-bounds';
import { type KeptBack } from './budget';
import { type Run } from './run';

/** What each final step may cost at most, as it is known before anything has run. */
export function finalShares({ record }: Run, steps: readonly PlannedStep[]): KeptBack[] {
  const { prices, defaultModel } = record;
  const priced = steps.map((step) => {
    const model = step.model ?? defaultModel;
    return { ...step, model, maxOutputTokens: step.maxOutputTokens ?? budgetedOutput(prices, model) };
  });
  const bounds = new StepBounds(priced, prices);
  const finals = new Set(finalSteps(steps).map(({ id }) => id));
  return priced
    .filter(({ id }) => finals.has(id))
    .map((step) => {
      const { usd, tokens } = worstUse(prices, bounds.of(step));
      // Without a price there is no cap in USD either.
      return { stepIds: new Set([step.id]), amount: { usd: Number.isNaN(usd) ? 0 : usd, tokens } };
    });
}
