import { z } from 'zod';
import { approvalSchema } from './approval';
import { mcpDefinitionSchema, mcpListSchema, mcpPlaceSchema } from './mcp';
import { citationSchema, collectedSchema, failureSchema } from './outcome';
import { toolPolicySchema } from './run-record';
import { selectSchema, waitSchema } from './step';
import { hostedCallsSchema, usageSchema } from './usage';

/** Most bytes of final text, its citations included, that travel inline in a result. */
export const MAX_INLINE_TEXT_BYTES = 256 * 1024;
/** Most bytes of parsed JSON that travel inline. */
export const MAX_INLINE_JSON_BYTES = 64 * 1024;

/** Most bytes of a tool's result that travel in history, where the worker keeps outputs at the provider alone. */
export const MAX_INLINE_RESULT_BYTES = 32 * 1024;

/** A tool that a run will use, and where its input names it. */
export const toolUseSchema = z.strictObject({ name: z.string(), path: z.array(z.union([z.string(), z.number()])) });
export type ToolUse = z.infer<typeof toolUseSchema>;

/** A hosted MCP server that a run will use, and where its input names it. */
export const hostedMcpUseSchema = z.strictObject({
  label: z.string(),
  server_url: z.string().optional(),
  connector_id: z.string().optional(),
  path: toolUseSchema.shape.path,
});
export type HostedMcpUse = z.infer<typeof hostedMcpUseSchema>;

export const resolveRunInputSchema = z.strictObject({
  models: z.array(z.string()),
  /** Absent where the run names none. */
  tools: z.array(toolUseSchema).optional(),
  /** Hosted MCP servers that the run names. Absent where it names none. */
  hostedMcp: z.array(hostedMcpUseSchema).optional(),
});
export type ResolveRunInput = z.infer<typeof resolveRunInputSchema>;

export const listToolsInputSchema = z.strictObject({
  origin: z.string(),
  server: z.string(),
  /** What the run names of it. */
  uses: z.array(toolUseSchema),
});
export type ListToolsInput = z.infer<typeof listToolsInputSchema>;

/** Tools of an MCP server, for the run's record. */
export const listedToolsSchema = z.strictObject({ list: mcpListSchema, tools: z.array(toolPolicySchema) });
export type ListedTools = z.infer<typeof listedToolsSchema>;

/** What a call is answered with: a short text, or the content address of one in the output store. */
export const callOutputSchema = z.strictObject({
  callId: z.string(),
  text: z.string().optional(),
  ref: z.string().optional(),
  /** A person's decision on a call of a hosted MCP server, which is made there; `text` is the reason. */
  approve: z.boolean().optional(),
});
export type CallOutput = z.infer<typeof callOutputSchema>;

/** A turn of a step that asked for calls, and their outputs. */
export const earlierTurnSchema = z.strictObject({ responseId: z.string(), outputs: z.array(callOutputSchema) });
export type EarlierTurn = z.infer<typeof earlierTurnSchema>;

/** Where a step's prompt and output are found. */
export const responseRefSchema = z.strictObject({
  stepId: z.string(),
  responseId: z.string(),
  /** Content address of the prompt in the output store; absent where the store is the provider alone. */
  promptRef: z.string().optional(),
  /** Its turns before that response. Absent where it had one turn. */
  turns: z.array(earlierTurnSchema).optional(),
});
export type ResponseRef = z.infer<typeof responseRefSchema>;

/** One piece of a prompt: text, or a reference to an earlier step's output that is filled in when the request is built. */
export const promptPartSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), text: z.string() }),
  z.strictObject({
    kind: z.literal('output'),
    ref: responseRefSchema,
    field: z.enum(['text', 'json']),
    path: z.array(z.string()),
    /** True where nothing that others wrote can be in it. Otherwise it stands in the prompt between marks. */
    trusted: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('missing'), stepId: z.string(), reason: z.string() }),
]);
export type PromptPart = z.infer<typeof promptPartSchema>;

/** One earlier step in a context: its response, or a note that it has none. */
export const contextItemSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('response'), ref: responseRefSchema }),
  z.strictObject({ kind: z.literal('missing'), stepId: z.string(), reason: z.string() }),
]);
export type ContextItem = z.infer<typeof contextItemSchema>;

export const createResponseInputSchema = z.strictObject({
  origin: z.string(),
  stepId: z.string(),
  turn: z.int().positive(),
  create: z.int().positive(),
  model: z.string(),
  prompt: z.array(promptPartSchema),
  instructions: z.string().optional(),
  tools: z.array(z.looseObject({ type: z.string() })).optional(),
  /** Names of the user's own tools; the worker sends their definitions. Absent where the step has none. */
  ownTools: z.array(z.string()).optional(),
  /** What models are told of those that are tools of MCP servers. */
  mcp: z.array(mcpListSchema).optional(),
  /** Labels of hosted MCP servers to which the worker adds credentials. */
  hostedMcp: z.array(z.string()).optional(),
  /** No tool may be called: the model has to answer. */
  toolChoice: z.literal('none').optional(),
  /** How many calls of hosted tools the provider may make. */
  maxToolCalls: z.int().positive().optional(),
  /** What the calls of the turn before are answered with, where the provider holds that turn. */
  outputs: z.array(callOutputSchema).optional(),
  /** The turns before this one, where the provider does not hold them. */
  turns: z.array(earlierTurnSchema).optional(),
  /** What a person tells the step beside its prompt, each in a message of its own. Absent where nobody does. */
  steering: z.array(z.string()).optional(),
  format: z.record(z.string(), z.unknown()).optional(),
  reasoning: z.strictObject({ effort: z.string().optional(), summary: z.string().optional() }).optional(),
  maxOutputTokens: z.int().optional(),
  context: z.array(contextItemSchema),
  select: selectSchema,
  conversation: z.string().optional(),
  /** The conversation's newest item before a create of this turn whose answer was lost; null where there was none. */
  lostAfter: z.string().nullable().optional(),
  previousResponse: z.string().optional(),
  /** Created as a stream, so that it can be followed. */
  stream: z.boolean().optional(),
  /** Nothing of the output's text is told to the workflow; it is in the output store. */
  redact: z.boolean().optional(),
  /** Milliseconds since 1970 after which nothing is created any more. */
  deadlineAt: z.number(),
  timeoutMs: z.int().positive(),
});
export type CreateResponseInput = z.infer<typeof createResponseInputSchema>;

/** A create that is read as a stream, and to its end where its response runs in the foreground. */
export const streamResponseInputSchema = createResponseInputSchema.extend({
  /** Whether background mode is asked for; a provider may ignore it. */
  background: z.boolean(),
  /** True where background mode was refused just before. */
  refused: z.boolean().optional(),
});
export type StreamResponseInput = z.infer<typeof streamResponseInputSchema>;

export const createdSchema = z.strictObject({
  responseId: z.string(),
  promptRef: z.string().optional(),
  /** Present where the response had ended with the answer of its create. */
  collected: collectedSchema.optional(),
  /** True where it ran in the foreground. */
  foreground: z.boolean().optional(),
});
export type Created = z.infer<typeof createdSchema>;

/** What is known of a create that did not return an id: heartbeat details of the activity, and of its failure. */
export const sendingSchema = z.strictObject({
  /** Whether its POST may be on its way. */
  sending: z.boolean(),
  /** The conversation's newest item before it; null where there was none. */
  newestItem: z.string().nullable().optional(),
  /** What the provider asked to wait before another create, in milliseconds, bounded. */
  retryAfterMs: z.number().optional(),
  /** True for a stream that was read in the foreground, and closed before its end. */
  closed: z.boolean().optional(),
});
export type Sending = z.infer<typeof sendingSchema>;

export const awaitResponseInputSchema = z.strictObject({
  origin: z.string(),
  stepId: z.string(),
  responseId: z.string(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  deadlineAt: z.number(),
  /** Until when it may be `queued`, in milliseconds since 1970. Absent in runs of versions without it: for ever. */
  queuedUntil: z.number().optional(),
  format: z.record(z.string(), z.unknown()).optional(),
  wait: waitSchema.optional(),
  redact: z.boolean().optional(),
  /** True for a step with own tools: what it calls is told. */
  calls: z.boolean().optional(),
});
export type AwaitResponseInput = z.infer<typeof awaitResponseInputSchema>;

/** Details of a look that failed: whether the response had been created just before. */
export const lookDetailsSchema = z.object({ fresh: z.boolean() });

export const cancelResponseInputSchema = z.strictObject({
  origin: z.string(),
  stepId: z.string(),
  responseId: z.string(),
  format: z.record(z.string(), z.unknown()).optional(),
  redact: z.boolean().optional(),
  calls: z.boolean().optional(),
});
export type CancelResponseInput = z.infer<typeof cancelResponseInputSchema>;

/** State of a response after a cancel: terminal in any case. */
export const cancelledSchema = z.strictObject({
  status: z.enum(['completed', 'failed', 'incomplete', 'cancelled']),
  model: z.string(),
  usage: usageSchema.optional(),
  hostedCalls: hostedCallsSchema,
  /** The response in full: it may have completed before it could be stopped. Absent in runs of versions without it. */
  collected: collectedSchema.optional(),
});
export type Cancelled = z.infer<typeof cancelledSchema>;

/** One call of a tool. Its arguments stand in the response's output and not here: they may be large. */
export const callToolInputSchema = z.strictObject({
  origin: z.string(),
  stepId: z.string(),
  /** The turn whose response asked for it. */
  turn: z.int().positive(),
  responseId: z.string(),
  callId: z.string(),
  name: z.string(),
  timeoutMs: z.int().positive(),
  idempotent: z.boolean(),
  retries: z.int().min(0),
  onError: z.enum(['tell', 'fail']),
  deadlineAt: z.number(),
  redact: z.boolean().optional(),
  /** Present for a tool of an MCP server: where it is, and what the model was told of it. */
  mcp: z
    .strictObject({
      ...mcpPlaceSchema.shape,
      ref: z.string().optional(),
      definitions: z.array(mcpDefinitionSchema).optional(),
    })
    .optional(),
});
export type CallToolInput = z.infer<typeof callToolInputSchema>;

export const toolCalledSchema = z.strictObject({
  /** It ended well; it failed, which the model is told; or its arguments were refused, and it was not called. */
  ended: z.enum(['ok', 'error', 'refused']),
  output: callOutputSchema,
  /** Size of the output, in UTF-8 bytes. */
  bytes: z.int().min(0),
  /** First characters of the output. */
  preview: z.string(),
});
export type ToolCalled = z.infer<typeof toolCalledSchema>;

/** Heartbeat details of a call: whether the tool's function may have begun. */
export const callingSchema = z.object({
  begun: z.boolean(),
  /** How many attempts of the call have begun, this one included. */
  attempts: z.int().positive().optional(),
});

export const deleteResponseInputSchema = z.strictObject({
  origin: z.string(),
  stepId: z.string(),
  responseId: z.string(),
});
export type DeleteResponseInput = z.infer<typeof deleteResponseInputSchema>;

export const createConversationInputSchema = z.strictObject({
  origin: z.string(),
  /** Step that asks for it first. */
  stepId: z.string(),
  deadlineAt: z.number(),
});
export type CreateConversationInput = z.infer<typeof createConversationInputSchema>;
export const conversationCreatedSchema = z.strictObject({ conversationId: z.string() });
export type ConversationCreated = z.infer<typeof conversationCreatedSchema>;

export const readTextInputSchema = z.strictObject({
  origin: z.string(),
  /** Final steps and the responses that hold their texts, in order. */
  sources: z.array(z.strictObject({ stepId: z.string(), responseId: z.string() })),
  /** A text that is longer with its citations stays where it is; UTF-8 bytes. */
  maxBytes: z.int().min(0),
});
export type ReadTextInput = z.infer<typeof readTextInputSchema>;

/** The texts of one or more steps as one; `text` is absent where it is longer than asked for. */
export const finalTextSchema = z.strictObject({
  text: z.string().optional(),
  bytes: z.int().min(0),
  citations: z.array(citationSchema),
});
export type FinalText = z.infer<typeof finalTextSchema>;

/** What somebody is told about a run. */
export const notificationSchema = z.strictObject({
  type: z.enum(['run.completed', 'run.partial', 'run.failed', 'run.cancelled', 'run.paused', 'approval.requested']),
  workflowId: z.string(),
  runId: z.string(),
  failure: failureSchema.optional(),
  usd: z.number(),
  /** What a paused run needs to go on. */
  waitingFor: z.string().optional(),
  /** Which pause of this execution it is. */
  occurrence: z.int().positive().optional(),
  /** What a person is to decide on. What a tool is called with is not in it, since that may be private. */
  approval: approvalSchema.omit({ detail: true }).optional(),
});
export type Notification = z.infer<typeof notificationSchema>;
