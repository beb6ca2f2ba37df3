import { z } from 'zod';

/** Argument of the update `decideApproval`. */
export const decisionSchema = z.strictObject({
  /** Id of what waits, as `progress` names it in `approvals`. */
  id: z.string().min(1),
  approve: z.boolean(),
  /** Why; told in the step's reason, or to the model, when it is rejected. */
  reason: z.string().min(1).max(1_000).optional(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** What counts where nobody has decided in time. */
export const otherwiseSchema = z.enum(['approve', 'reject']);

/** Most approvals of one answer of the `progress` query. */
export const MAX_APPROVALS = 100;
/** Longest question and longest detail of an approval, in characters. */
export const MAX_QUESTION_CHARS = 1_000;
export const MAX_DETAIL_CHARS = 2_000;

/** Something that waits for a person's decision. Times are milliseconds since 1970. */
export const approvalSchema = z.object({
  /** `<stepId>/<turn>/<what is asked>`: unique in its run, and the same after a restart. */
  id: z.string(),
  /** Another create after one whose answer was lost, a call of a tool of your own, or one of a hosted MCP server. */
  kind: z.enum(['create', 'tool', 'mcp']),
  stepId: z.string(),
  question: z.string(),
  /** What the call is made with, shortened. May be private: it is not in notifications. */
  detail: z.string().optional(),
  askedAt: z.number(),
  /** When it is too late. */
  deadlineAt: z.number(),
  /** What counts then. */
  onDeadline: otherwiseSchema,
});
export type Approval = z.infer<typeof approvalSchema>;
