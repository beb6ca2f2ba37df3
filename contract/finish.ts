import { z } from 'zod';

/** Argument of the update `finishNow`. */
export const finishNowSchema = z.strictObject({
  /** What becomes of steps at work that are not final: they are left to end, or their responses are cancelled. Default wait. */
  running: z.enum(['wait', 'cancel']).optional(),
});
export type FinishNow = z.infer<typeof finishNowSchema>;

/** Answer of the update `finishNow`: ids of the steps that have not ended, by what becomes of them. */
export const finishingSchema = z.object({
  /** They had not begun, and will not. */
  skipped: z.array(z.string()),
  /** They are left to end, or are being stopped. */
  running: z.array(z.string()),
  /** No other step needs them: they run on what there is. */
  final: z.array(z.string()),
});
export type Finishing = z.infer<typeof finishingSchema>;

/** What an execution of a run hands to the next one once it is told to finish. */
export const carriedFinishSchema = finishNowSchema.required();
