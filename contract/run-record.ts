import { z } from 'zod';
import { mcpListSchema, mcpPlaceSchema } from './mcp';
import { priceTableSchema } from './prices';

/** A provider's background mode: whole, missing, or not known before the first response. */
export const backgroundSchema = z.enum(['unknown', 'full', 'none']);
export type Background = z.infer<typeof backgroundSchema>;

/** What a workflow decides by when a model calls a tool. The tool itself, and what models are told of it, is at the worker. */
export const toolPolicySchema = z.strictObject({
  name: z.string(),
  needsApproval: z.boolean(),
  timeoutMs: z.int().positive(),
  idempotent: z.boolean(),
  retries: z.int().min(0),
  onError: z.enum(['tell', 'fail']),
  /** Size of what models are told of it, for the price of a create. */
  definitionBytes: z.int().min(0),
  /** Present for a tool of an MCP server. */
  mcp: mcpPlaceSchema.optional(),
});
export type ToolPolicy = z.infer<typeof toolPolicySchema>;

/**
 * What a run's decisions depend on but a workflow cannot see. Resolved once at the start and kept in history, so that
 * replay and a changed price file cannot disagree.
 */
export const runRecordSchema = z.strictObject({
  /** The provider of the run: base URL and organisation, or a stable name given by `DURABLE_RESEARCH_ORIGIN`. */
  origin: z.string(),
  /** True when the provider is the offline emulator: no money is spent. */
  simulated: z.boolean(),
  defaultModel: z.string(),
  /** Only the models that the run names. */
  prices: priceTableSchema,
  /** Start-to-close of a create in milliseconds: after it the create counts as ambiguous. */
  createTimeoutMs: z.int().positive(),
  /** True when the worker tells somebody about the end of a run. */
  notifies: z.boolean(),
  /** True when a gateway receives the provider's webhooks. Absent in records of versions without it. */
  webhooks: z.boolean().default(false),
  /** True when the worker keeps outputs itself, and not at the provider alone. Absent in records of versions without it. */
  ownStore: z.boolean().default(false),
  /** True when the worker makes OpenTelemetry spans of what the run tells. Absent in records of versions without it. */
  traces: z.boolean().default(false),
  /** What is known of the provider's background mode. Absent in records of versions that took it for granted. */
  background: backgroundSchema.default('full'),
  /** Models that were found to have no background mode. Absent in records of versions without it. */
  foregroundModels: z.array(z.string()).default([]),
  /**
   * Events of history after which the run goes on in a new execution of its workflow id. Absent in records of versions
   * that did not: their runs stay in one.
   */
  historyEvents: z.int().positive().optional(),
  /** Task queue of the run's creates, which have a limit there. Absent where they go to the run's own. */
  createTaskQueue: z.string().min(1).optional(),
  /** Tools of the user's own, and of MCP servers, that the run names. Absent in runs without any. */
  tools: z.array(toolPolicySchema).optional(),
  /** MCP servers whose tools the run names, as they listed them when it began. Absent in runs without any. */
  mcp: z.array(mcpListSchema).optional(),
  /** Labels of hosted MCP servers that the run names and to which the worker adds credentials. */
  hostedMcp: z.array(z.string()).optional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;
