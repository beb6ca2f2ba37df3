import { InvalidArgumentError } from 'commander';
import { type Budget, onExhaustedSchema } from '../contract/budget';
import { UsageError } from './errors';

/** Options of a command that sets a budget. */
export interface BudgetOptions {
  /** USD. */
  budget?: number;
  budgetTokens?: number;
  onExhausted?: 'pause' | 'stop';
}

/**
 * What these options make of a pipeline's own budget: each replaces its field.
 * @throws UsageError where there is nothing to exhaust.
 */
export function withBudget(own: Budget | undefined, options: BudgetOptions): Budget | undefined {
  const { budget: usd, budgetTokens: tokens, onExhausted } = options;
  const asked = {
    ...(usd !== undefined && { usd }),
    ...(tokens !== undefined && { tokens }),
    ...(onExhausted !== undefined && { onExhausted }),
  };
  if (Object.keys(asked).length === 0) return own;
  const merged = { ...own, ...asked };
  if (merged.usd === undefined && merged.tokens === undefined)
    throw new UsageError('--on-exhausted: expected --budget or --budget-tokens with it');
  return merged;
}

/** A number above 0. */
export function amount(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0 || text.trim() === '')
    throw new InvalidArgumentError('expected a number above 0');
  return number;
}

/** A whole number above 0. */
export function wholeAmount(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return number;
}

/** What happens at a budget. */
export function exhausted(text: string): 'pause' | 'stop' {
  const parsed = onExhaustedSchema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('expected pause or stop');
  return parsed.data;
}
