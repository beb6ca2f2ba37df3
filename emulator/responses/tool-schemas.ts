import { z } from 'zod';
import { filterSchema } from '../files/filters';
import { DECIMAL, maybe } from '../http/validation';
import { Secret } from '../secret';

const vectorStoreIds = z.array(z.string().min(1)).min(1).max(32);

const functionTool = z.looseObject({
  type: z.literal('function'),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'expected 1-64 letters, digits, underscores or dashes'),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

const fileSearchTool = z.looseObject({
  type: z.literal('file_search'),
  vector_store_ids: vectorStoreIds,
  max_num_results: z.number().int().min(1).max(50).nullish(),
  ranking_options: z.looseObject({ score_threshold: z.number().min(0, DECIMAL).max(1, DECIMAL).nullish() }).nullish(),
  filters: maybe(filterSchema),
});

const webSearchTool = z.looseObject({
  type: z.enum(['web_search', 'web_search_2025_08_26', 'web_search_preview', 'web_search_preview_2025_03_11']),
  search_context_size: z.enum(['low', 'medium', 'high']).nullish(),
  user_location: z.looseObject({}).nullish(),
  filters: z
    .looseObject({
      allowed_domains: z.array(z.string()).max(100).nullish(),
      blocked_domains: z.array(z.string()).max(100).nullish(),
    })
    .nullish(),
});

const mcpFilter = z.strictObject({
  tool_names: z.array(z.string()).max(128).nullish(),
  read_only: z.boolean().nullish(),
});

const mcpTool = z
  .looseObject({
    type: z.literal('mcp'),
    server_label: z.string().min(1).max(64),
    server_url: z
      .url({ protocol: /^https?$/, error: 'expected an http or https URL.' })
      .transform((url): Secret<string> | string => new Secret(url, `${new URL(url).origin}/<redacted>`))
      .nullish(),
    connector_id: z.string().nullish(),
    tunnel_id: z.string().nullish(),
    authorization: z
      .string()
      .transform((value): Secret<string> | string => new Secret(value))
      .nullish(),
    headers: z
      .record(z.string(), z.string())
      .transform((value): Secret<Record<string, string>> | string => new Secret(value))
      .nullish(),
    allowed_tools: z.union([z.array(z.string()).max(128), mcpFilter]).nullish(),
    require_approval: z
      .union([z.enum(['always', 'never']), z.strictObject({ always: mcpFilter.nullish(), never: mcpFilter.nullish() })])
      .nullish(),
  })
  .superRefine((tool, context) => {
    const ways = [tool.server_url, tool.connector_id, tool.tunnel_id].filter(
      (way) => way !== undefined && way !== null,
    );
    if (ways.length === 1) return;
    const message = "exactly one of 'server_url', 'connector_id' and 'tunnel_id' must be given.";
    context.addIssue({ code: 'custom', path: ['server_url'], message });
  });

const customTool = z.looseObject({
  type: z.literal('custom'),
  name: z.string().min(1).max(128),
  description: z.string().nullish(),
  format: maybe(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('grammar'), syntax: z.enum(['lark', 'regex']), definition: z.string() }),
    ]),
  ),
});

const codeTool = z.looseObject({
  type: z.literal('code_interpreter'),
  container: z.union([
    z.string().min(1),
    z.looseObject({ type: z.literal('auto'), file_ids: z.array(z.string()).max(50).nullish() }),
  ]),
});

const otherTool = z.looseObject({
  type: z.enum([
    'computer',
    'computer_use_preview',
    'image_generation',
    'local_shell',
    'shell',
    'namespace',
    'tool_search',
    'apply_patch',
  ]),
});

/** A tool of a request. */
export const toolSchema = z.discriminatedUnion('type', [
  functionTool,
  fileSearchTool,
  webSearchTool,
  mcpTool,
  customTool,
  codeTool,
  otherTool,
]);
export type Tool = z.output<typeof toolSchema>;

/** Hosted tools that a choice may name by their type alone. */
const HOSTED_TYPES = [
  'file_search',
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
  'code_interpreter',
  'computer',
  'computer_use',
  'computer_use_preview',
  'image_generation',
  'shell',
  'apply_patch',
] as const;

const namedTool = z.looseObject({ type: z.string().min(1) });

/** `none`, `auto`, `required`, or an object that names a tool or several. */
export const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('function'), name: z.string().min(1) }),
    z.strictObject({ type: z.literal('custom'), name: z.string().min(1) }),
    z.strictObject({ type: z.literal('mcp'), server_label: z.string().min(1), name: z.string().nullish() }),
    z.strictObject({
      type: z.literal('allowed_tools'),
      mode: z.enum(['auto', 'required']),
      tools: z.array(namedTool).min(1).max(128),
    }),
    z.strictObject({ type: z.enum(HOSTED_TYPES) }),
  ]),
]);
export type ToolChoice = z.output<typeof toolChoiceSchema>;
