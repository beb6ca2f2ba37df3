import { z } from 'zod';
import { budgetSchema } from './budget';
import { planSteps, type PlannedStep } from './graph';
import { InvalidInputError, parseInput } from './issues';
import { citationSchema, outcomeSchema } from './outcome';
import { ledgerSchema } from './ledger';
import { runPrioritySchema } from './priority';
import { findSecrets } from './secrets';
import { stepDefaultsSchema, stepSchema } from './step';
import { usageSchema } from './usage';

/** Most steps of one pipeline. */
const MAX_STEPS = 500;
/** Default of `maxParallel`. */
export const DEFAULT_MAX_PARALLEL = 8;

/**
 * What happens to a create whose answer was lost: it is sent again; its response is waited for, which only a webhook can
 * tell of; or a person decides.
 */
export const onAmbiguousCreateSchema = z.enum(['retry', 'wait', 'ask']);
export type OnAmbiguousCreate = z.infer<typeof onAmbiguousCreateSchema>;

/** Input of the `pipeline` workflow. */
export const pipelineInputSchema = z.strictObject({
  steps: z.array(stepSchema).min(1).max(MAX_STEPS),
  /** Any JSON; `{{input.field}}` in a prompt stands for its parts. */
  input: z.json().optional(),
  /** Fields that every step has unless it says otherwise. */
  defaults: stepDefaultsSchema.optional(),
  /** Most that the run may use, and what happens when that is reached. Default: no bound. */
  budget: budgetSchema.optional(),
  /** Most steps that run at once. Default 8. */
  maxParallel: z.int().min(1).max(100).optional(),
  /** What happens to a create whose answer was lost. Default retry. */
  onAmbiguousCreate: onAmbiguousCreateSchema.optional(),
  ...runPrioritySchema.shape,
});
export type PipelineInput = z.infer<typeof pipelineInputSchema>;

/** Deeper input would break whoever walks through it, and a workflow that breaks is tried again for ever. */
const MAX_DEPTH = 100;
const WHY_NO_SECRETS = 'which history would keep; set credentials at the worker instead';

/** A pipeline that was found valid. */
export type PipelinePlan = { input: PipelineInput; steps: PlannedStep[] };

/**
 * Parses and plans a pipeline.
 * @throws InvalidInputError naming every wrong path, what was expected and what came; credentials are never echoed.
 */
export function planPipeline(raw: unknown): PipelinePlan {
  if (isDeeperThan(MAX_DEPTH, raw)) {
    const message = `expected at most ${MAX_DEPTH} lists or objects inside each other`;
    throw new InvalidInputError('pipeline input', [{ path: [], message }]);
  }
  const secrets = findSecrets(raw).map(({ path, kind }) => ({ path, message: `holds ${kind}, ${WHY_NO_SECRETS}` }));
  if (secrets.length > 0) throw new InvalidInputError('pipeline input', secrets);
  const input = parseInput('pipeline input', pipelineInputSchema, raw);
  const { steps, issues } = planSteps(input.steps, input.defaults ?? {}, input.input);
  if (issues.length > 0) throw new InvalidInputError('pipeline input', issues);
  return { input, steps };
}

function isDeeperThan(depth: number, value: unknown): boolean {
  let level = [value];
  for (let left = depth; left > 0 && level.length > 0; left -= 1) level = level.flatMap(children);
  return level.some((part) => children(part).length > 0);
}

function children(value: unknown): unknown[] {
  return value !== null && typeof value === 'object' ? Object.values(value) : [];
}

/** How one step ended, in the result. */
export const stepResultSchema = z.object({
  outcome: outcomeSchema,
  reason: z.string().optional(),
  responseIds: z.array(z.string()),
  usage: usageSchema,
  usd: z.number(),
  /** False for a step that ran in the foreground: its response would not have survived its worker. */
  resumable: z.boolean().optional(),
});
export type StepResult = z.infer<typeof stepResultSchema>;

/** Result of the `pipeline` workflow. Read loosely, as everything that a worker says: it may be newer than its reader. */
export const pipelineResultSchema = z.object({
  outcome: z.enum(['completed', 'partial', 'failed']),
  /** Text of the final steps; absent when it is larger than 256 KB: read `textFrom` then. */
  text: z.string().optional(),
  /** Responses that hold the text, in order. */
  textFrom: z.array(z.string()),
  /** Parsed output of the only final step with a `format`. */
  json: z.unknown().optional(),
  citations: z.array(citationSchema),
  steps: z.record(z.string(), stepResultSchema),
  ledger: ledgerSchema,
});
export type PipelineResult = z.infer<typeof pipelineResultSchema>;
