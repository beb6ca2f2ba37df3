import { z } from 'zod';

/** Argument of the update `decideApproval`. */
export const decisionSchema = z.strictObject({
  /** Id of what waits, as `progress` names it in `waitingFor`. */
  id: z.string().min(1),
  approve: z.boolean(),
  /** Why; told in the step's reason when it is rejected. */
  reason: z.string().min(1).max(1_000).optional(),
});
export type Decision = z.infer<typeof decisionSchema>;
