import { z } from 'zod';
import { longText, messagePart, toolOutput } from './content';
import { toolSchema } from './tools';

const itemStatus = z.enum(['in_progress', 'completed', 'incomplete']);
const id = z.string().min(1).max(256);
const callId = z.string().min(1).max(64);
const name = z.string().min(1).max(128);
const caller = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('direct') }),
    z.strictObject({ type: z.literal('program'), caller_id: z.string() }),
  ])
  .nullish();

const tools = z.array(toolSchema);

const ASSISTANT_PARTS = ['output_text', 'refusal'];
const OTHER_PARTS = ['input_text', 'input_image', 'input_file'];

const message = z
  .strictObject({
    type: z.literal('message'),
    id: id.nullish(),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    status: itemStatus.nullish(),
    phase: z.enum(['commentary', 'final_answer']).nullish(),
    content: z.union([longText, z.array(messagePart)]),
  })
  .superRefine(({ role, content }, context) => {
    const values = role === 'assistant' ? ASSISTANT_PARTS : OTHER_PARTS;
    const index = typeof content === 'string' ? -1 : content.findIndex((part) => !values.includes(part.type));
    if (index < 0 || typeof content === 'string') return;
    context.addIssue({ code: 'invalid_value', values, input: content[index]?.type, path: ['content', index, 'type'] });
  });

const reasoning = z
  .strictObject({
    type: z.literal('reasoning'),
    id: id.nullish(),
    summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: longText })),
    content: z.array(z.strictObject({ type: z.literal('reasoning_text'), text: longText })).nullish(),
    encrypted_content: z.string().nullish(),
    status: itemStatus.nullish(),
  })
  .superRefine((item, context) => {
    if (typeof item.id === 'string' || carriesReasoning(item)) return;
    context.addIssue({ code: 'invalid_type', expected: 'string', input: undefined, path: ['id'] });
  });

/** Whether a reasoning item says what was reasoned; any other is the name of one that the server keeps. */
export function carriesReasoning(item: { readonly [field: string]: unknown }): boolean {
  const { encrypted_content: encrypted, content } = item;
  return typeof encrypted === 'string' || (Array.isArray(content) && content.length > 0);
}

const functionItems = [
  z.strictObject({
    type: z.literal('function_call'),
    id: id.nullish(),
    call_id: callId,
    name,
    namespace: z.string().nullish(),
    arguments: longText,
    async: z.boolean().nullish(),
    caller,
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('function_call_output'),
    id: id.nullish(),
    call_id: callId,
    name: z.string().nullish(),
    namespace: z.string().nullish(),
    output: toolOutput,
    caller,
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('custom_tool_call'),
    id: id.nullish(),
    call_id: callId,
    name,
    namespace: z.string().nullish(),
    input: longText,
    async: z.boolean().nullish(),
    caller,
    status: itemStatus.nullish(),
  }),
  // Its status is given out and not taken back.
  z.strictObject({
    type: z.literal('custom_tool_call_output'),
    id: id.nullish(),
    call_id: callId,
    output: toolOutput,
    caller,
  }),
] as const;

const searchItems = [
  z.strictObject({
    type: z.literal('file_search_call'),
    id,
    queries: z.array(z.string()),
    status: z.enum(['in_progress', 'searching', 'completed', 'incomplete', 'failed']),
    results: z.array(z.looseObject({})).nullish(),
  }),
  z.strictObject({
    type: z.literal('web_search_call'),
    id,
    status: z.enum(['in_progress', 'searching', 'completed', 'incomplete', 'failed']),
    action: z.looseObject({ type: z.string() }).nullish(),
    results: z.array(z.looseObject({})).nullish(),
  }),
  z.strictObject({
    type: z.literal('tool_search_call'),
    id: id.nullish(),
    call_id: z.string().nullish(),
    arguments: z.unknown().optional(),
    execution: z.enum(['server', 'client']).nullish(),
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('tool_search_output'),
    id: id.nullish(),
    call_id: z.string().nullish(),
    tools: tools,
    execution: z.enum(['server', 'client']).nullish(),
    status: itemStatus.nullish(),
  }),
] as const;

const codeItems = [
  z.strictObject({
    type: z.literal('code_interpreter_call'),
    id,
    code: z.string().nullable(),
    container_id: z.string(),
    outputs: z.array(z.looseObject({ type: z.enum(['logs', 'image']) })).nullish(),
    status: z.enum(['in_progress', 'completed', 'incomplete', 'interpreting', 'failed']),
  }),
  z.strictObject({
    type: z.literal('local_shell_call'),
    id,
    call_id: callId,
    action: z.looseObject({ type: z.literal('exec'), command: z.array(z.string()) }),
    status: itemStatus,
  }),
  z.strictObject({
    type: z.literal('local_shell_call_output'),
    id,
    output: longText,
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('shell_call'),
    id: id.nullish(),
    call_id: callId,
    action: z.looseObject({ commands: z.array(z.string()) }),
    environment: z.looseObject({}).nullish(),
    caller,
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('shell_call_output'),
    id: id.nullish(),
    call_id: callId,
    output: z.array(
      z.strictObject({ stdout: z.string(), stderr: z.string(), outcome: z.looseObject({ type: z.string() }) }),
    ),
    max_output_length: z.number().int().nullish(),
    caller,
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('apply_patch_call'),
    id: id.nullish(),
    call_id: callId,
    operation: z.looseObject({ type: z.enum(['create_file', 'delete_file', 'update_file']), path: z.string() }),
    caller,
    status: z.enum(['in_progress', 'completed']),
  }),
  z.strictObject({
    type: z.literal('apply_patch_call_output'),
    id: id.nullish(),
    call_id: callId,
    output: z.string().nullish(),
    caller,
    status: z.enum(['completed', 'failed']),
  }),
  z.strictObject({ type: z.literal('program'), id, call_id: callId, code: z.string(), fingerprint: z.string() }),
  z.strictObject({
    type: z.literal('program_output'),
    id,
    call_id: callId,
    result: z.string(),
    status: z.enum(['completed', 'incomplete']),
  }),
] as const;

const screenItems = [
  z.strictObject({
    type: z.literal('computer_call'),
    id,
    call_id: callId,
    action: z.looseObject({ type: z.string() }).nullish(),
    actions: z.array(z.looseObject({ type: z.string() })).nullish(),
    pending_safety_checks: z.array(z.looseObject({ id: z.string() })),
    status: itemStatus,
  }),
  z.strictObject({
    type: z.literal('computer_call_output'),
    id: id.nullish(),
    call_id: callId,
    output: z.looseObject({ type: z.literal('computer_screenshot') }),
    acknowledged_safety_checks: z.array(z.looseObject({ id: z.string() })).nullish(),
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('image_generation_call'),
    id,
    result: z.string().nullish(),
    status: z.enum(['in_progress', 'completed', 'generating', 'failed']),
    action: z.enum(['generate', 'edit', 'auto']).nullish(),
    background: z.enum(['transparent', 'opaque', 'auto']).nullish(),
    error: z.looseObject({}).nullish(),
    output_format: z.string().nullish(),
    quality: z.string().nullish(),
    revised_prompt: z.string().nullish(),
    size: z.string().nullish(),
    svg_usage: z.looseObject({}).nullish(),
  }),
] as const;

const mcpItems = [
  z.strictObject({
    type: z.literal('mcp_list_tools'),
    id,
    server_label: z.string().min(1),
    tools: z.array(z.looseObject({ name: z.string(), input_schema: z.unknown() })),
    error: z.unknown().optional(),
  }),
  z.strictObject({
    type: z.literal('mcp_approval_request'),
    id,
    server_label: z.string().min(1),
    name: z.string(),
    arguments: longText,
  }),
  z.strictObject({
    type: z.literal('mcp_approval_response'),
    id: id.nullish(),
    approval_request_id: z.string().min(1),
    approve: z.boolean(),
    reason: z.string().nullish(),
  }),
  z.strictObject({
    type: z.literal('mcp_call'),
    id,
    server_label: z.string().min(1),
    name: z.string(),
    arguments: longText,
    approval_request_id: z.string().nullish(),
    output: longText.nullish(),
    error: z.unknown().optional(),
    status: z.enum(['in_progress', 'completed', 'incomplete', 'calling', 'failed']).nullish(),
  }),
] as const;

const contextItems = [
  z.strictObject({ type: z.literal('item_reference'), id: z.string().min(1) }),
  z.strictObject({ type: z.literal('compaction'), id: id.nullish(), encrypted_content: longText.min(1) }),
  z.strictObject({ type: z.literal('compaction_trigger'), id: id.nullish() }),
  z.strictObject({
    type: z.literal('additional_tools'),
    id: id.nullish(),
    role: z.literal('developer'),
    tools: tools,
  }),
  z.strictObject({
    type: z.literal('configuration_update'),
    id: id.nullish(),
    reasoning: z.looseObject({}).nullish(),
    text: z.looseObject({}).nullish(),
  }),
] as const;

const typedItem = z.discriminatedUnion('type', [
  message,
  reasoning,
  ...functionItems,
  ...searchItems,
  ...codeItems,
  ...screenItems,
  ...mcpItems,
  ...contextItems,
]);

/** Without a type, `{role, content}` is a message and `{id}` a reference, as in the API. */
function named(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('type' in value && value.type !== null && value.type !== undefined) return value;
  if ('role' in value) return { ...value, type: 'message' };
  const isReference = 'id' in value && Object.keys(value).every((key) => key === 'id' || key === 'type');
  return isReference ? { ...value, type: 'item_reference' } : value;
}

/** An input item, its fields those that the API takes: what it only gives out, such as `created_by`, is refused. */
export const inputItemSchema = z.preprocess(named, typedItem);

/** An input item that passed validation; ids are still optional. */
export type InputItem = z.output<typeof typedItem>;
