import { z } from 'zod';
import { longText, toolOutput } from '../content';
import { callId, caller, id, itemStatus, name, tools } from './fields';

/** Calls of the client's own functions and tools, and their outputs. */
export const functionItems = [
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

/** Searches of files, of the web and of tools. */
export const searchItems = [
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

/** What passes between a response and an MCP server. */
export const mcpItems = [
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
