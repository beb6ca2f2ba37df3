import { z } from 'zod';
import { hostedCallsSchema, usageSchema } from './usage';

/**
 * A terminal response that nobody waited for, as a gateway tells the workflow whose metadata it carries: a create whose
 * answer was lost, or one that the workflow knows already.
 */
export const responseSeenSchema = z.strictObject({
  responseId: z.string().min(1),
  stepId: z.string().min(1),
  turn: z.int().positive(),
  create: z.int().positive(),
  status: z.enum(['completed', 'failed', 'incomplete', 'cancelled']),
  model: z.string(),
  usage: usageSchema.optional(),
  hostedCalls: hostedCallsSchema,
});
export type ResponseSeen = z.infer<typeof responseSeenSchema>;

/** Metadata that every create carries, by which a response finds its way back; values are strings at the provider. */
export const createMetadataSchema = z.object({
  namespace: z.string().min(1),
  workflow_id: z.string().min(1),
  step_id: z.string().min(1),
  turn: z.coerce.number().int().positive(),
  create: z.coerce.number().int().positive(),
  /** "true" where nothing of the output's text is told to the run. */
  redact: z.string().optional(),
  /** "true" where the run is told which tools of its own the response calls. */
  calls: z.string().optional(),
});
export type CreateMetadata = z.infer<typeof createMetadataSchema>;
