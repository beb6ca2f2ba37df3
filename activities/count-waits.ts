import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type FailureType } from '../contract/failures';

/** Attempts of a create that end without one, and why. */
const WAITS: Partial<Record<string, string>> = {
  HeldBack: 'held_back',
  RateLimited: 'refused',
} satisfies Partial<Record<FailureType, string>>;

/**
 * Counts the attempts of a create that a rate limit makes wait, as the metric `durable_research_create_waits`. Counted
 * here and not by the workflow: it sees the last attempt alone.
 */
export function countWaits<D, I extends { model: string }, O>(
  verb: (deps: D, input: I) => Promise<O>,
): (deps: D, input: I) => Promise<O> {
  return async (deps, input) => {
    try {
      return await verb(deps, input);
    } catch (error) {
      const why = error instanceof ApplicationFailure ? WAITS[error.type ?? ''] : undefined;
      if (why !== undefined) {
        const counter = Context.current().metricMeter.createCounter('durable_research_create_waits');
        counter.add(1, { model: input.model, why });
      }
      throw error;
    }
  };
}
