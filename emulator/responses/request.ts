import { z } from 'zod';
import { checkSchema } from '../answer/json/strict';
import { badRequest } from '../http/errors';
import { DECIMAL, maybe, parseRequest } from '../http/validation';
import type { ResolvedOptions } from '../options';
import { checkToolChoice } from '../tool-calls/choice';
import { inputPart } from './content';
import { includeSchema } from './include';
import { inputItemSchema } from './items';
import { toolChoiceSchema, toolSchema } from './tool-schemas';

const METADATA_MAX_PAIRS = 16;

/** At most 16 pairs, keys up to 64 characters, values up to 512. */
export const metadataSchema = z.record(z.string().max(64), z.string().max(512)).superRefine((pairs, context) => {
  const count = Object.keys(pairs).length;
  if (count <= METADATA_MAX_PAIRS) return;
  context.addIssue({
    code: 'custom',
    params: { code: 'object_above_max_properties' },
    message: `too many properties. Expected an object with at most ${METADATA_MAX_PAIRS} properties, but got an object with ${count} properties instead.`,
  });
});

const textFormatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'expected 1-64 letters, digits, underscores or dashes.'),
    description: z.string().nullish(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullish(),
  }),
]);
export type TextFormat = z.output<typeof textFormatSchema>;

const reasoningSchema = z.strictObject({
  effort: maybe(z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])),
  summary: maybe(z.enum(['auto', 'concise', 'detailed'])),
  generate_summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
  context: z.enum(['auto', 'current_turn', 'all_turns']).nullish(),
  mode: z.enum(['standard', 'pro']).nullish(),
});

const moderationMode = z.strictObject({ mode: z.enum(['score', 'block']) });

/** The fields that say what the model sees; the API limits a text to 10 MiB. */
export const contextFields = {
  input: maybe(z.union([z.string().max(10_485_760), z.array(inputItemSchema)])),
  previous_response_id: maybe(z.string().min(1).max(256)),
};

/** Every field of a create. */
export const createFields = {
  ...contextFields,
  model: z.string().min(1).max(256),
  instructions: maybe(z.string().max(10_485_760)),
  background: maybe(z.boolean()),
  store: maybe(z.boolean()),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.strictObject({ include_obfuscation: z.boolean().nullish() })),
  conversation: maybe(z.union([z.string().min(1), z.strictObject({ id: z.string().min(1) })])),
  metadata: maybe(metadataSchema),
  include: maybe(includeSchema),
  max_output_tokens: maybe(z.number().int().min(16)),
  max_tool_calls: maybe(z.number().int().min(1)),
  parallel_tool_calls: maybe(z.boolean()),
  tools: maybe(z.array(toolSchema).max(128)),
  tool_choice: maybe(toolChoiceSchema),
  text: z
    .strictObject({ format: textFormatSchema.nullish(), verbosity: z.enum(['low', 'medium', 'high']).nullish() })
    .nullish(),
  reasoning: maybe(reasoningSchema),
  truncation: maybe(z.enum(['auto', 'disabled'])),
  context_management: z
    .array(z.strictObject({ type: z.literal('compaction'), compact_threshold: z.number().int().min(1000).nullish() }))
    .nullish(),
  prompt_cache_key: maybe(z.string().max(64)),
  prompt_cache_retention: maybe(z.enum(['in_memory', 'in-memory', '24h'])),
  prompt_cache_options: maybe(
    z.strictObject({
      mode: z.enum(['implicit', 'explicit']).default('implicit'),
      ttl: z.enum(['30m', '12h']).default('30m'),
      comparison_response_id: maybe(z.string()),
    }),
  ),
  safety_identifier: maybe(z.string().max(64)),
  service_tier: maybe(z.enum(['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'])),
  temperature: maybe(z.number().min(0, DECIMAL).max(2, DECIMAL)),
  top_p: maybe(z.number().min(0, DECIMAL).max(1, DECIMAL)),
  presence_penalty: maybe(z.number().min(-2, DECIMAL).max(2, DECIMAL)),
  frequency_penalty: maybe(z.number().min(-2, DECIMAL).max(2, DECIMAL)),
  top_logprobs: maybe(z.number().int().min(0).max(20)),
  moderation: maybe(
    z.strictObject({
      model: z.string(),
      policy: maybe(z.strictObject({ input: maybe(moderationMode), output: maybe(moderationMode) })),
    }),
  ),
  prompt: maybe(
    z.strictObject({
      id: z.string().min(1),
      version: z.string().nullish(),
      variables: z.record(z.string(), z.union([z.string(), inputPart])).nullish(),
    }),
  ),
  user: maybe(z.string()),
};
const createBodySchema = z.strictObject(createFields);

/** A create request that passed validation field by field. */
export type CreateBody = z.output<typeof createBodySchema>;
/** The same without its items, as a response keeps it. */
export type RequestSettings = Omit<CreateBody, 'input'>;

/** Parses a create request and checks the rules that span several fields. Throws the API's 400. */
export function parseCreateBody(value: unknown, { dataMode }: ResolvedOptions): CreateBody {
  const body = parseRequest(createBodySchema, value);
  if (body.background === true && body.store === false && dataMode === 'standard') {
    throw badRequest("Background mode requires 'store' to be true.", 'background', UNSUPPORTED);
  }
  if (body.conversation !== undefined && body.previous_response_id !== undefined) {
    throw badRequest(
      "Mutually exclusive parameters: 'previous_response_id' and 'conversation' cannot be used together.",
      'previous_response_id',
      'mutually_exclusive_parameters',
    );
  }
  if (body.stream_options !== undefined && body.stream !== true) {
    throw badRequest("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options');
  }
  if (
    body.input === undefined &&
    body.prompt === undefined &&
    body.conversation === undefined &&
    body.previous_response_id === undefined
  ) {
    throw badRequest("Missing required parameter: 'input'.", 'input', 'missing_required_parameter');
  }
  checkFormat(body);
  checkTools(body);
  return body;
}

function checkFormat({ text, input, instructions }: CreateBody): void {
  const format = text?.format;
  if (format?.type === 'json_schema') {
    const { name, schema, strict } = format;
    checkSchema({ of: 'response_format', name, schema, strict: strict === true, param: 'text.format.schema' });
  }
  if (format?.type === 'json_object' && !/json/i.test(`${JSON.stringify(input ?? '')} ${instructions ?? ''}`)) {
    throw badRequest(
      "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
      'input',
    );
  }
}

function checkTools(body: CreateBody): void {
  body.tools?.forEach((tool, index) => {
    if (tool.type !== 'function' || tool.parameters === undefined || tool.parameters === null) return;
    const { name, parameters: schema, strict } = tool;
    checkSchema({ of: 'function', name, schema, strict: strict === true, param: `tools[${index}].parameters` });
  });
  checkToolChoice(body);
}

const UNSUPPORTED = 'unsupported_parameter';
