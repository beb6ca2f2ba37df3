import { z } from 'zod';
import { approvalSchema } from './approval';
import { carriedFinishSchema } from './finish';
import { createdSchema, earlierTurnSchema, responseRefSchema } from './activities';
import { carriedBudgetSchema } from './budget';
import { accountSchema, ledgerSchema } from './ledger';
import { outcomeSchema, toolCallSchema } from './outcome';
import { stepProgressSchema } from './progress';
import { runRecordSchema } from './run-record';
import { responseSeenSchema } from './seen';
import { carriedSteeringSchema } from './steering';
import { usageSchema } from './usage';

/**
 * What an execution of a run hands to the next one of the same workflow id, as the second argument of the workflow.
 * Strict: a field that this version does not know would be lost with it, so the task waits for a worker that knows it.
 */

/** Where a turn may be cut, and taken up again by the next execution. */
export const restSchema = z.discriminatedUnion('for', [
  /** Its response is at work. */
  z.strictObject({ for: z.literal('response'), created: createdSchema, createdAt: z.number() }),
  /** The answer of its create was lost; only a webhook can tell which response it is. */
  z.strictObject({ for: z.literal('lost answer'), reason: z.string() }),
  /** The answer of its create was lost; a person decides. */
  z.strictObject({ for: z.literal('decision'), reason: z.string() }),
  /** Its create is about to be sent, and too large for the workflow task. */
  z.strictObject({ for: z.literal('room') }),
  /** Calls of its tools wait for a person, and none is at work. */
  z.strictObject({ for: z.literal('calls') }),
  /** Its create waits for room in the run's budget, at this place of the queue, since then (milliseconds since 1970). */
  z.strictObject({ for: z.literal('budget'), place: z.int().min(0), since: z.number() }),
]);
export type Rest = z.infer<typeof restSchema>;

/** How far a step has come that has called its tools. */
export const turnsSchema = z.strictObject({
  /** Number of the turn whose response is to come. */
  number: z.int().min(2),
  /** The turns before it; the last one's outputs are whole once `calls` is empty. */
  earlier: z.array(earlierTurnSchema).min(1),
  /** Calls of the last turn, until every one of them has its output. */
  calls: z.array(toolCallSchema),
  /** Calls so far, own and hosted. */
  used: z.int().min(0),
  /** In which turn the model has been told what it did wrong: in a later one it is the step's failure. */
  told: z.strictObject({ ToolArguments: z.int().optional(), ToolNotOffered: z.int().optional() }),
  /** Content address of the step's prompt. */
  promptRef: z.string().optional(),
  /** What the next create brings along at least: tokens of the last response, and bytes of the outputs. */
  tokens: z.int().min(0),
  bytes: z.int().min(0),
});
export type Turns = z.infer<typeof turnsSchema>;

/** How far a turn of a step has come. */
export const turnProgressSchema = z.strictObject({
  /** Milliseconds since 1970, as `deadlineAt`. */
  startedAt: z.number(),
  deadlineAt: z.number(),
  /** Creates so far: the next one's number is one more. */
  creates: z.int().min(0),
  responseIds: z.array(z.string()),
  /** How often a response that failed may still be created anew. */
  retriesLeft: z.int().min(0),
  /** Creates in a row whose answers were lost. */
  lost: z.int().min(0),
  /** The conversation's newest item before the first create of this response whose answer was lost; null: none. */
  lostAfter: z.string().nullable().optional(),
  /** Since when a person is asked whose time is not the step's, in milliseconds since 1970. */
  askedSince: z.number().optional(),
  /** Absent in a step's first turn. */
  turns: turnsSchema.optional(),
  /** Absent while the turn is on its way from one rest to the next. */
  rest: restSchema.optional(),
});
export type TurnProgress = z.infer<typeof turnProgressSchema>;

/** A step that has ended: what later steps and the result need of it. Its output is in the output store. */
export const endedStepSchema = z.strictObject({
  id: z.string(),
  outcome: outcomeSchema,
  reason: z.string().optional(),
  ref: responseRefSchema.optional(),
  responseIds: z.array(z.string()),
  /** Of its last response: later steps are priced by its usage; `json` only where it may become the run's own. */
  collected: z.strictObject({ usage: usageSchema.optional(), json: z.unknown().optional() }).optional(),
});
export type EndedStep = z.infer<typeof endedStepSchema>;

/** The account, entry by entry: sums of money depend on the order. */
export const carriedLedgerSchema = z.strictObject({
  steps: z.array(z.tuple([z.string(), accountSchema])),
  reserved: z.array(z.tuple([z.string(), z.number().min(0)])),
  /** Tokens that are reserved, by step. This and the two that follow are absent where there is nothing to tell. */
  reservedTokens: z.array(z.tuple([z.string(), z.number().min(0)])).optional(),
  /** Responses of lost creates that were found and are waited for: in doubt until they end. */
  found: z.array(z.string()).optional(),
  /** Worst price of what was answered by models without a price. */
  unpricedUsd: z.number().min(0).optional(),
  ambiguous: ledgerSchema.shape.ambiguous,
  possiblyRunning: ledgerSchema.shape.possiblyRunning,
  costUnknown: ledgerSchema.shape.costUnknown,
  unpriced: ledgerSchema.shape.unpriced,
});
export type CarriedLedger = z.infer<typeof carriedLedgerSchema>;

/** A row without what the account tells, and the version of its last change. */
const carriedRowSchema = stepProgressSchema.omit({ usage: true, usd: true, creates: true });

/** What people have seen: the rows in their order. */
export const carriedBoardSchema = z.strictObject({
  version: z.int().min(0),
  rows: z.array(z.strictObject({ at: z.int().min(0), ...carriedRowSchema.shape })),
  warnings: z.array(z.string()),
});
export type CarriedBoard = z.infer<typeof carriedBoardSchema>;

/** Responses that need no adoption, and those that showed themselves before the fate of their create was known. */
export const carriedOrphansSchema = z.strictObject({
  known: z.array(z.string()),
  early: z.array(responseSeenSchema),
});
export type CarriedOrphans = z.infer<typeof carriedOrphansSchema>;

/** Steps whose responses are deleted at the provider, and those that wait for the run's end, each with its step. */
export const carriedDeletionsSchema = z.strictObject({
  steps: z.array(z.string()),
  due: z.array(z.tuple([z.string(), z.string()])),
});
export type CarriedDeletions = z.infer<typeof carriedDeletionsSchema>;

/** An open question, and whether the receiver of notifications has been told of it. */
const carriedQuestionSchema = z.union([
  z.strictObject({ ...approvalSchema.shape, told: z.boolean() }),
  /** Id and question, as versions handed over that asked about creates alone. */
  z.tuple([z.string(), z.string()]),
]);
export type CarriedQuestion = z.infer<typeof carriedQuestionSchema>;

/** What the steps of a run share. */
export const carriedRunSchema = z.strictObject({
  record: runRecordSchema,
  ledger: carriedLedgerSchema,
  board: carriedBoardSchema,
  orphans: carriedOrphansSchema,
  /** Open questions to a person. */
  questions: z.array(carriedQuestionSchema),
  /** Turns at work, by their steps. */
  turns: z.array(z.tuple([z.string(), turnProgressSchema])),
  /** The run's own conversation. */
  conversation: z.string().optional(),
  /** Absent where no step asks for it. */
  deletions: carriedDeletionsSchema.optional(),
  /** Absent where the run has none. */
  budget: carriedBudgetSchema.optional(),
  /** Absent where nobody has told the run anything. */
  steering: z.array(carriedSteeringSchema).optional(),
  /** Present once the run has been told to finish early. */
  finish: carriedFinishSchema.optional(),
});
export type CarriedRun = z.infer<typeof carriedRunSchema>;

/** Second argument of the `pipeline` workflow where it goes on from an execution before it. */
export const carrySchema = z.strictObject({ run: carriedRunSchema, ended: z.array(endedStepSchema) });
export type Carry = z.infer<typeof carrySchema>;
