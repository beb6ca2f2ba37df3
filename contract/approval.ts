import { z } from 'zod';

/** Argument of the update `decideApproval`. */
export const decisionSchema = z.strictObject({
  /** Id of what waits, as `progress` names it in `approvals`. */
  id: z.string().min(1),
  approve: z.boolean(),
  /** Why; told in the step's reason when it is rejected. */
  reason: z.string().min(1).max(1_000).optional(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** Most approvals of one answer of the `progress` query. */
export const MAX_APPROVALS = 100;

/** Something that waits for a person's decision. */
export const approvalSchema = z.object({
  /** `<stepId>/<turn>/<what is asked>`: unique in its run, and the same after a restart. */
  id: z.string(),
  stepId: z.string(),
  question: z.string(),
  /** When it is too late, in milliseconds since 1970: then it counts as not approved. */
  deadlineAt: z.number(),
});
export type Approval = z.infer<typeof approvalSchema>;
