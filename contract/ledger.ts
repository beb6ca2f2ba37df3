import { z } from 'zod';
import { hostedCallsSchema, usageSchema } from './usage';

/** One account: what was used and what it cost. */
export const accountSchema = z.object({
  usage: usageSchema,
  hostedCalls: hostedCallsSchema,
  /** Tokens and tool fees together, in USD. */
  usd: z.number().min(0),
  toolFeesUsd: z.number().min(0),
  /** Creates that were sent for it. */
  creates: z.int().min(0),
});
export type Account = z.infer<typeof accountSchema>;

/** A create whose answer was lost: the provider may have accepted and billed it. */
export const ambiguousSchema = z.object({
  stepId: z.string(),
  turn: z.int().positive(),
  create: z.int().positive(),
  reason: z.string(),
  /** The most that it can have cost, in USD; absent when the model has no price. */
  worstUsd: z.number().min(0).optional(),
  /** The most tokens that it can have used; absent in runs without a budget. */
  worstTokens: z.number().min(0).optional(),
  /** The response that it had created, once that showed itself; what it used is then in the account. */
  responseId: z.string().optional(),
});
export type Ambiguous = z.infer<typeof ambiguousSchema>;

const doubtSchema = z.object({
  stepId: z.string(),
  responseId: z.string(),
  reason: z.string(),
  /** The most that it can have cost, in USD; absent when the model has no price. */
  worstUsd: z.number().min(0).optional(),
  /** The most tokens that it can have used; absent in runs without a budget. */
  worstTokens: z.number().min(0).optional(),
});

/** A response that could not be confirmed as stopped. */
export const possiblyRunningSchema = doubtSchema;
export type PossiblyRunning = z.infer<typeof possiblyRunningSchema>;

/** A response that ended, or that the provider forgot, without saying what it used. */
export const costUnknownSchema = doubtSchema;
export type CostUnknown = z.infer<typeof costUnknownSchema>;

/** The run's account. Money is in USD, by the dated prices of the run's own record. */
export const ledgerSchema = z.object({
  pricesDate: z.string(),
  /** True when the prices are only what the named models would cost: an offline emulator answered. */
  simulated: z.boolean(),
  total: accountSchema,
  steps: z.record(z.string(), accountSchema),
  /** Worst price of the creates that are in flight. */
  reservedUsd: z.number().min(0),
  ambiguous: z.array(ambiguousSchema),
  possiblyRunning: z.array(possiblyRunningSchema),
  /** Not in `usd`, which is a lower bound where this is not empty. Absent in results of versions without it. */
  costUnknown: z.array(costUnknownSchema).default([]),
  /** Models without a price: where it is not empty, `usd` is a lower bound. */
  unpriced: z.array(z.string()),
});
export type Ledger = z.infer<typeof ledgerSchema>;
