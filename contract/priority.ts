import { z } from 'zod';

/** Longest fairness key that Temporal takes, in UTF-8 bytes. */
const MAX_KEY_BYTES = 64;

/**
 * In which order the creates of runs are sent where they wait for their turn. Where a run says nothing, what its workflow
 * was started with counts (`temporal workflow start --priority-key … --fairness-key …`), else Temporal's defaults.
 */
export const runPrioritySchema = z.strictObject({
  /** From 1, first, to 5, last. Temporal's default is 3. */
  priority: z.int().min(1).max(5).optional(),
  /** Whom the run is for, such as a tenant: among runs of one priority each key gets its share. */
  fairnessKey: z
    .string()
    .min(1)
    .refine(
      (key) => new TextEncoder().encode(key).length <= MAX_KEY_BYTES,
      `expected a text of at most ${MAX_KEY_BYTES} bytes`,
    )
    // Half of a sign has no UTF-8: Temporal's core stops the worker that sends one.
    .refine((key) => key.isWellFormed(), 'expected a text without halves of signs (lone surrogates)')
    .optional(),
  /** Share of the key beside those of others, from 0.001 to 1000. Temporal's default is 1. */
  fairnessWeight: z.number().min(0.001).max(1000).optional(),
});
export type RunPriority = z.infer<typeof runPrioritySchema>;
