import { z } from 'zod';
import { failureTypeSchema } from './failures';
import { stepIdSchema } from './step';
import { hostedCallsSchema, usageSchema } from './usage';

/** How a step ended. */
export const outcomeSchema = z.enum(['completed', 'failed', 'incomplete', 'cancelled', 'skipped']);
export type Outcome = z.infer<typeof outcomeSchema>;

/** A place in the final text, and the source it rests on. */
export const citationSchema = z.object({
  /** Number under which the source is listed; the same source has the same number. */
  number: z.int().positive(),
  stepId: stepIdSchema.optional(),
  url: z.string().optional(),
  fileId: z.string().optional(),
  /** Page title or file name. */
  title: z.string().optional(),
  /** Offset in the text (UTF-16 units) after which the mark `[number]` belongs. */
  at: z.int().min(0),
});
export type Citation = z.infer<typeof citationSchema>;

/** Why something failed: the type decides, the message tells. */
export const failureSchema = z.object({ type: failureTypeSchema, message: z.string() });
export type Failure = z.infer<typeof failureSchema>;

/** Who told a run of the end of a response: a webhook, the worker's watcher or follower, or a look of the wait itself. */
export const announcedBySchema = z.enum(['webhook', 'watcher', 'stream', 'look']);

/** A call of one of a step's own tools, as a response asked for it. */
export const toolCallSchema = z.object({
  callId: z.string(),
  name: z.string(),
  /** First characters of the arguments, for people: the whole stands in the output. Empty where the step is redacted. */
  arguments: z.string(),
  /** Label of a hosted MCP server: the provider makes the call, once a person has approved it. */
  server: z.string().optional(),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

/**
 * A terminal response as workflows see it: ids, usage and small things. The output itself is in the output store.
 * `failure` is set unless `status` is completed and the output can be used.
 */
export const collectedSchema = z.object({
  responseId: z.string(),
  status: z.enum(['completed', 'failed', 'incomplete', 'cancelled']),
  /** The model that answered, as the provider names it. */
  model: z.string(),
  failure: failureSchema.optional(),
  /** Absent where the provider told none, as on some cancelled responses. */
  usage: usageSchema.optional(),
  hostedCalls: hostedCallsSchema,
  /** First characters of the text. */
  preview: z.string(),
  textBytes: z.int().min(0),
  /** The parsed output of a step with `format`, up to 64 KB. */
  json: z.unknown().optional(),
  citations: z.array(citationSchema),
  /** Calls of own tools that the response asks for; only of steps that have some. */
  calls: z.array(toolCallSchema).optional(),
  /** How many calls it made or asks for, those of hosted tools included; only of steps with own tools. */
  toolCalls: z.int().min(0).optional(),
  /** Who told of the end. Absent in outcomes of versions without it. */
  announcedBy: announcedBySchema.optional(),
  /** When the provider says that it completed, in milliseconds since 1970, to the second; absent where it says nothing. */
  completedAt: z.number().optional(),
});
export type Collected = z.infer<typeof collectedSchema>;
