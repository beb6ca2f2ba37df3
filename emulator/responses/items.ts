import { z } from 'zod';

/** Text that may hold a whole document; the API's own bound for sibling fields. */
const longText = z.string().max(10_485_760);
const itemStatus = z.enum(['in_progress', 'completed', 'incomplete']).nullish();
const id = z.string().min(1).max(256).nullish();

const inputText = z.looseObject({ type: z.literal('input_text'), text: longText });
const inputImage = z.looseObject({
  type: z.literal('input_image'),
  image_url: z.string().nullish(),
  file_id: z.string().nullish(),
  detail: z.enum(['low', 'high', 'auto', 'original']).nullish(),
});
const inputFile = z.looseObject({
  type: z.literal('input_file'),
  file_id: z.string().nullish(),
  filename: z.string().nullish(),
  file_data: z.string().nullish(),
  file_url: z.string().nullish(),
});
const outputText = z.looseObject({
  type: z.literal('output_text'),
  text: longText,
  annotations: z.array(z.looseObject({ type: z.string() })).nullish(),
  logprobs: z.array(z.unknown()).nullish(),
});
const refusal = z.looseObject({ type: z.literal('refusal'), refusal: z.string() });
const contentPart = z.discriminatedUnion('type', [inputText, inputImage, inputFile, outputText, refusal]);

const message = z.strictObject({
  type: z.literal('message'),
  id,
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  status: itemStatus,
  phase: z.enum(['commentary', 'final_answer']).nullish(),
  content: z.union([longText, z.array(contentPart)]),
});

const functionCall = z.looseObject({
  type: z.literal('function_call'),
  id,
  call_id: z.string().min(1).max(64),
  name: z.string().min(1).max(128),
  arguments: longText,
  status: itemStatus,
});

const functionCallOutput = z.looseObject({
  type: z.literal('function_call_output'),
  id,
  call_id: z.string().min(1).max(64),
  output: z.union([longText, z.array(contentPart)]),
  status: itemStatus,
});

const reasoning = z.looseObject({
  type: z.literal('reasoning'),
  id,
  summary: z.array(z.looseObject({ type: z.literal('summary_text'), text: longText })),
  content: z.array(z.looseObject({ type: z.literal('reasoning_text'), text: longText })).nullish(),
  encrypted_content: z.string().nullish(),
  status: itemStatus,
});

const fileSearchCall = z.looseObject({
  type: z.literal('file_search_call'),
  id: z.string().min(1),
  queries: z.array(z.string()),
  status: z.string(),
  results: z.array(z.looseObject({})).nullish(),
});

const webSearchCall = z.looseObject({
  type: z.literal('web_search_call'),
  id: z.string().min(1),
  status: z.string(),
  action: z.looseObject({ type: z.string() }).nullish(),
});

const itemReference = z.strictObject({ type: z.literal('item_reference'), id: z.string().min(1) });

/** Items that the emulator takes and keeps, without looking inside: it makes none of them. */
const OPAQUE_TYPES = [
  'computer_call',
  'computer_call_output',
  'tool_search_call',
  'tool_search_output',
  'additional_tools',
  'compaction',
  'image_generation_call',
  'code_interpreter_call',
  'local_shell_call',
  'local_shell_call_output',
  'shell_call',
  'shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'custom_tool_call',
  'custom_tool_call_output',
] as const;

const opaque = z.looseObject({ type: z.enum(OPAQUE_TYPES), id });

const typedItem = z.discriminatedUnion('type', [
  message,
  functionCall,
  functionCallOutput,
  reasoning,
  fileSearchCall,
  webSearchCall,
  itemReference,
  opaque,
]);

/** An input item. `{role, content}` without a type is a message, as in the API. */
export const inputItemSchema = z.preprocess((value) => {
  const bare = typeof value === 'object' && value !== null && 'role' in value && !('type' in value);
  return bare ? { ...value, type: 'message' } : value;
}, typedItem);

/** An input item that passed validation; ids are still optional. */
export type InputItem = z.output<typeof typedItem>;
