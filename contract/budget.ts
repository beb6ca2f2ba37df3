import { z } from 'zod';

/** Money and tokens side by side: a cap may be on either, or on both. */
export type Amount = { usd: number; tokens: number };

const capShape = {
  /** USD, tool fees included. Needs a price for every model. */
  usd: z.number().positive().optional(),
  /** Input and output tokens together, cached and reasoning ones included. */
  tokens: z.int().positive().optional(),
};

const AT_LEAST_ONE = 'expected "usd", "tokens" or both';

function hasAny({ usd, tokens }: { usd?: number; tokens?: number }): boolean {
  return usd !== undefined || tokens !== undefined;
}

/** The most that a run may use. */
export const capSchema = z.strictObject(capShape).refine(hasAny, AT_LEAST_ONE);
export type Cap = z.infer<typeof capSchema>;

/** What happens to a step whose worst price has no room: it waits for a person who raises the budget, or is skipped. */
export const onExhaustedSchema = z.enum(['pause', 'stop']);

/** A hard cap of a run, and what happens at it. */
export const budgetSchema = z
  .strictObject({
    ...capShape,
    /** Default pause. */
    onExhausted: onExhaustedSchema.optional(),
    /**
     * Kept back for the final steps, those that no other step needs: their worst price as it is known at the start, or
     * an amount. Default: nothing.
     */
    reserve: z
      .union([z.literal('final'), capSchema], { error: 'expected "final", or "usd", "tokens" or both' })
      .optional(),
  })
  .superRefine(({ usd, tokens, reserve }, ctx) => {
    if (!hasAny({ usd, tokens })) ctx.addIssue(AT_LEAST_ONE);
    if (reserve === undefined || reserve === 'final') return;
    for (const kind of ['usd', 'tokens'] as const) {
      const [kept, cap] = [reserve[kind], { usd, tokens }[kind]];
      if (kept === undefined || (cap !== undefined && kept < cap)) continue;
      ctx.addIssue({
        code: 'custom',
        path: ['reserve', kind],
        message: `expected less than the budget's own "${kind}"`,
      });
    }
  });
export type Budget = z.infer<typeof budgetSchema>;

/** A budget and what counts against it now. */
export const budgetStateSchema = z.object({
  usd: z.number().optional(),
  tokens: z.number().optional(),
  onExhausted: onExhaustedSchema,
  /** What was spent, what creates under way may cost at most, and the worst price of all that is in doubt. */
  counted: z.object({ usd: z.number(), tokens: z.number() }),
  /** Totals that let the first of those that wait go; present while the run is paused. */
  raiseTo: z.object({ usd: z.number().optional(), tokens: z.number().optional() }).optional(),
  /** Kept back for final steps that have not ended. */
  keptBack: z.object({ usd: z.number(), tokens: z.number() }),
});
export type BudgetState = z.infer<typeof budgetStateSchema>;

/** What an execution of a run hands to the next one: raised caps, and the next place in the queue. */
export const carriedBudgetSchema = z.strictObject({
  ...capShape,
  nextPlace: z.int().min(0),
  /** True while the run is paused: it has been told. */
  paused: z.boolean().optional(),
});
export type CarriedBudget = z.infer<typeof carriedBudgetSchema>;
