import { z } from 'zod';
import { otherwiseSchema } from './approval';
import { durationSchema } from './duration';
import { mcpUse } from './mcp';

/** Id of a step, unique in its run. */
export const stepIdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    'expected 1-64 letters, digits, "-" or "_", beginning with a letter or digit',
  );

const HOSTED_TOOLS = ['web_search', 'file_search', 'code_interpreter', 'mcp'] as const;

const hostedToolSchema = z.looseObject({
  type: z.enum(HOSTED_TOOLS, { error: `expected a hosted tool: ${HOSTED_TOOLS.join(', ')}` }),
});

/** A hosted tool, passed to the provider as it is. Fields beyond `type` are the provider's own. */
export type HostedTool = z.infer<typeof hostedToolSchema>;

/** Name of a tool: what the API takes as the name of a function. */
export const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Most tools of one request, by the API. */
export const MAX_TOOLS = 128;

const toolSchema = z.unknown().transform((tool, ctx): string | HostedTool => {
  if (typeof tool === 'string') {
    if (TOOL_NAME.test(tool) || mcpUse(tool)) return tool;
    ctx.addIssue(
      'expected the name of a tool, at most 64 letters, digits, "_" and "-"; or "mcp:<server>" or "mcp:<server>/<tool>"',
    );
    return z.NEVER;
  }
  const parsed = hostedToolSchema.safeParse(tool);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) ctx.addIssue({ code: 'custom', message: issue.message, path: issue.path });
    return z.NEVER;
  }
  const label = parsed.data['server_label'];
  if (parsed.data.type === 'mcp' && (typeof label !== 'string' || label === '')) {
    ctx.addIssue({ code: 'custom', path: ['server_label'], message: 'expected the label of a server' });
    return z.NEVER;
  }
  return parsed.data;
});

function areUnique(tools: readonly (string | HostedTool)[]): boolean {
  const own = ownTools(tools);
  const labels = hostedMcp(tools).map(({ label }) => label);
  return own.length === new Set(own).size && labels.length === new Set(labels).size;
}

/** Names of the tools of the user's own among those of a step. */
export function ownTools(tools: readonly (string | HostedTool)[] = []): string[] {
  return tools.filter((tool) => typeof tool === 'string');
}

/** The provider's tools among those of a step. */
export function hostedTools(tools: readonly (string | HostedTool)[] = []): HostedTool[] {
  return tools.filter((tool) => typeof tool !== 'string');
}

/** MCP servers that the provider calls, among a step's tools. */
export function hostedMcp(tools: readonly (string | HostedTool)[] = []): { label: string; tool: HostedTool }[] {
  const servers = hostedTools(tools).filter(({ type }) => type === 'mcp');
  return servers.map((tool) => ({ label: String(tool['server_label']), tool }));
}

/** True where a response may end in calls that we answer: of own tools, or of a hosted MCP server that asks a person. */
export function endsInCalls(tools: readonly (string | HostedTool)[] = []): boolean {
  return ownTools(tools).length > 0 || hostedMcp(tools).some(({ tool }) => tool['require_approval'] !== 'never');
}

/** Which parts of an earlier step's output are sent on: everything, its messages, or its text alone. */
export const selectSchema = z.enum(['all', 'messages', 'text']);
export type Select = z.infer<typeof selectSchema>;

/** What a step sees of earlier steps, and how: sent again as items, kept in a conversation, or chained by response. */
export const contextSchema = z.strictObject({
  strategy: z.enum(['stateless', 'conversation', 'previous_response']),
  from: z
    .union([z.literal('all'), z.array(stepIdSchema)], { error: 'expected "all" or a list of step ids' })
    .optional(),
  select: selectSchema.optional(),
  conversation: z.string().min(1).optional(),
});
export type StepContext = z.infer<typeof contextSchema>;

/**
 * What announces the end of a response: the provider's webhook, a watcher that polls, a webhook for as long as they
 * arrive, or the response's stream, which also tells what it does.
 */
export const waitSchema = z.enum(['auto', 'webhook', 'watch', 'stream']);

/** When a step's responses are deleted at the provider: with the step, with the run, or not by us. */
export const deleteRemoteAfterSchema = z.enum(['step', 'run', 'never']);

const stepFields = {
  /** Developer instructions, sent with every turn. Templates are not rendered in them. */
  instructions: z.string().min(1).optional(),
  /** Model name; default: the worker's `OPENAI_MODEL`. */
  model: z.string().min(1).optional(),
  context: contextSchema.optional(),
  /** Hosted tools of the provider, names of tools of your own, and `mcp:<server>` or `mcp:<server>/<tool>` of the worker's. */
  tools: z
    .array(toolSchema)
    .max(128)
    .refine(areUnique, 'expected each tool of your own, and each server_label, once')
    .optional(),
  /** Most responses of one step with tools of your own; the last one has to answer. Default 10. */
  maxTurns: z.int().min(1).max(100).optional(),
  /** Most calls of tools, own and hosted, in one step with tools of your own. Default 50. */
  maxToolCalls: z.int().min(1).max(1_000).optional(),
  /** JSON schema that the output must match; its parsed value is the step's `json`. */
  format: z.record(z.string(), z.unknown()).optional(),
  reasoning: z.strictObject({ effort: z.string().min(1).optional(), summary: z.string().min(1).optional() }).optional(),
  /** Upper bound of output tokens, reasoning included. The API refuses less than 16. */
  maxOutputTokens: z.int().min(16).optional(),
  /** Time from the step's start to its end, waiting at the provider included. Default 2h. */
  deadline: durationSchema.optional(),
  /**
   * How long a response may stay `queued` before it is cancelled and created anew, as often as `retries` say. Default 1h:
   * longer than the queues that were reported, and short enough for another one before the default deadline.
   */
  maxQueued: durationSchema.optional(),
  /**
   * How long a person may take for each decision that the step waits for, and what counts after that; default of the
   * latter: reject. The step's deadline does not pass meanwhile. Without this field it does, and fails the step.
   */
  approval: z.strictObject({ within: durationSchema, otherwise: otherwiseSchema.optional() }).optional(),
  /** How the end of the step's responses is learned. Default auto: webhooks where they are configured, else watching. */
  wait: waitSchema.optional(),
  /** How often a response that failed, or stayed `queued`, is created anew (each time may be paid). Default 1. */
  retries: z.int().min(0).max(10).optional(),
  /** What happens when a step this one needs has no output: skip this one, or give the model a note. Default skip. */
  onMissing: z.enum(['skip', 'note']).optional(),
  /** Take an `incomplete` output for a completed one. Default false. */
  acceptIncomplete: z.boolean().optional(),
  /**
   * Keep the output out of Temporal: no preview, JSON, citations, final text or message that quotes it, in history or
   * progress. It is in the output store alone. Default false.
   */
  redact: z.boolean().optional(),
  /**
   * When the step's responses are deleted at the provider, those included that failed or were replaced: once the step
   * has ended, or once the run has. Their outputs stay in the output store. Default never.
   */
  deleteRemoteAfter: deleteRemoteAfterSchema.optional(),
};

/** Fields that may stand in a pipeline's `defaults`. */
export const stepDefaultsSchema = z.strictObject(stepFields);
export type StepDefaults = z.infer<typeof stepDefaultsSchema>;

/** One piece of work, as the caller writes it. */
export const stepSchema = z.strictObject({
  id: stepIdSchema,
  prompt: z.string().refine((text) => text.trim() !== '', 'expected a prompt that is not empty'),
  /** Steps that must have ended before this one; `[]` makes it a root. */
  after: z.array(stepIdSchema).optional(),
  ...stepFields,
});
export type Step = z.infer<typeof stepSchema>;
