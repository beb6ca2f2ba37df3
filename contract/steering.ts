import { z } from 'zod';
import { secretKind } from './secrets';
import { stepIdSchema } from './step';

/** Most instructions of one run: every later step is given those that hold for all. */
export const MAX_INSTRUCTIONS = 20;
const MAX_INSTRUCTION_CHARS = 4_000;
/** Most steps that `progress` names for one instruction. */
export const MAX_TAKERS = 50;

/** Argument of the update `steer`. */
export const steerSchema = z.strictObject({
  /** What the steps that follow are told by a person, beside their prompts. */
  instruction: z
    .string()
    .max(MAX_INSTRUCTION_CHARS)
    .refine((text) => text.trim() !== '', 'expected an instruction that is not empty')
    .refine((text) => !secretKind(text), 'holds a credential, which history would keep'),
  /** The step that it is for. Default: every step that creates a response from now on. */
  stepId: stepIdSchema.optional(),
});
export type Steer = z.infer<typeof steerSchema>;

/** An instruction of a person, and who has taken it up. */
export const steeringSchema = z.object({
  /** `steer-1`, `steer-2`: in the order in which they came. */
  id: z.string(),
  instruction: z.string(),
  stepId: z.string().optional(),
  /** Milliseconds since 1970. */
  askedAt: z.number(),
  /** Steps whose creates have brought it along, the first 50. Empty: it waits for the next create. */
  takenBy: z.array(z.string()),
});
export type Steering = z.infer<typeof steeringSchema>;

/** The same for the next execution of a run: each step that took it, and in which of its turns. */
export const carriedSteeringSchema = z.strictObject({
  ...steeringSchema.shape,
  takenBy: z.array(z.tuple([z.string(), z.int().positive()])),
});
export type CarriedSteering = z.infer<typeof carriedSteeringSchema>;
