import { z } from 'zod';
import { approvalSchema, MAX_APPROVALS } from './approval';
import { budgetStateSchema } from './budget';
import { outcomeSchema } from './outcome';
import { MAX_INSTRUCTIONS, steeringSchema } from './steering';
import { usageSchema } from './usage';

/** Most rows of one answer; ask again with `since` for the rest. */
export const MAX_PROGRESS_ROWS = 100;
/** Longest preview in a row. */
export const PREVIEW_CHARS = 200;

export const stepStateSchema = z.enum(['waiting', 'creating', 'in_progress', 'ended']);

/** Where one step stands. Times are milliseconds since 1970. */
export const stepProgressSchema = z.object({
  id: z.string(),
  state: stepStateSchema,
  outcome: outcomeSchema.optional(),
  reason: z.string().optional(),
  responseId: z.string().optional(),
  /** What the response does, as its stream was seen to tell; or that the step waits for room in the run's budget. */
  doing: z.string().optional(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  creates: z.int().min(0),
  usage: usageSchema,
  usd: z.number(),
  preview: z.string().max(PREVIEW_CHARS).optional(),
  /** False for a step that runs, or ran, in the foreground: its response would not have survived its worker. */
  resumable: z.boolean().optional(),
});
export type StepProgress = z.infer<typeof stepProgressSchema>;

/**
 * `paused`: nothing is under way, and what waits has no room in the run's budget. `finishing`: a person has told the run
 * to come to its end, and what had not begun is skipped.
 */
export const stageSchema = z.enum(['starting', 'running', 'paused', 'finishing', 'cancelling', 'ended']);

/** Answer of the `progress` query. */
export const progressSchema = z.object({
  /** Grows with every change; give it as `since` to see only what changed after it. */
  version: z.int().min(0),
  stage: stageSchema,
  /** Steps that changed after `since`, in the order of the pipeline. */
  steps: z.array(stepProgressSchema).max(MAX_PROGRESS_ROWS),
  /** True when more rows changed than one answer holds; the rest come with the next `since`. */
  more: z.boolean(),
  counts: z.object({ total: z.int(), ended: z.int(), inProgress: z.int() }),
  usage: usageSchema,
  usd: z.number(),
  /** Absent where the run has none. */
  budget: budgetStateSchema.optional(),
  simulated: z.boolean(),
  waitingFor: z.array(z.string()),
  /** What waits for a person. Absent in answers of versions without it. */
  approvals: z.array(approvalSchema).max(MAX_APPROVALS).default([]),
  /** What people have told the run, and who took it up. Absent in answers of versions without it. */
  steering: z.array(steeringSchema).max(MAX_INSTRUCTIONS).default([]),
  warnings: z.array(z.string()),
});
export type Progress = z.infer<typeof progressSchema>;

/** Argument of the `progress` query. */
export const progressQuerySchema = z.strictObject({ since: z.int().min(0).optional() });
export type ProgressQuery = z.infer<typeof progressQuerySchema>;

/** What a response was seen to do, as a worker that follows its stream tells the run. Holds nothing of its text. */
export const stepDoingSchema = z.strictObject({
  stepId: z.string().min(1),
  responseId: z.string().min(1),
  /** Number of the event after which this holds: what comes late or twice is ignored by it. */
  sequence: z.int().min(0),
  doing: z.string().min(1).max(100),
  /** True where the provider runs the response in the foreground, whatever it was asked for. */
  foreground: z.boolean().optional(),
});
export type StepDoing = z.infer<typeof stepDoingSchema>;
