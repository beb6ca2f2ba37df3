import { type CreateResponseInput } from '../contract/activities';
import { formatReader } from './format';
import { userMessage } from './items';
import { type CreateBody, type Item } from './port';

/** Limits of the API. */
const MAX_FORMAT_NAME = 64;
const MAX_METADATA_VALUE = 512;

/** How a request is to run. Default: in the background, stored. */
export interface RequestMode {
  background?: boolean;
  store?: boolean;
  stream?: boolean;
}

/** What a request says: earlier steps, the prompt, the turns since and what their calls are answered with. */
export interface Said {
  context: Item[];
  /** Undefined where the provider holds it already. */
  prompt?: string;
  answers?: Item[];
  /** What a person says to all of it: it comes last, so that it is read with everything in mind. */
  steering?: Item[];
  /** Hosted tools with their credentials. Default: those of the input. */
  hosted?: Record<string, unknown>[];
  /** Definitions of the user's own tools. */
  tools?: Record<string, unknown>[];
}

/**
 * Body of a create. `instructions`, `tools` and `text` are sent with every turn: neither a conversation nor
 * `previous_response_id` carries them on.
 * @throws ProviderError `InvalidRequest` for a `format` that is no JSON schema, before anything is paid.
 */
export function buildRequest(
  input: CreateResponseInput,
  rendered: Said,
  metadata: Record<string, string>,
  { background = true, store = true, stream = input.stream }: RequestMode = {},
): CreateBody {
  const tools = [...(rendered.hosted ?? input.tools ?? []), ...(rendered.tools ?? [])];
  return compact({
    model: input.model,
    // Left out and not false: some servers refuse the field, whatever it says.
    background: background || undefined,
    // Only a response that was created as a stream can be followed later.
    stream: stream || undefined,
    // Left out, some data modes delete the response after minutes.
    store,
    input: [
      ...rendered.context,
      ...(rendered.prompt === undefined ? [] : [userMessage(rendered.prompt)]),
      ...(rendered.answers ?? []),
      ...(rendered.steering ?? []),
    ],
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [key, value.slice(0, MAX_METADATA_VALUE)]),
    ),
    instructions: input.instructions,
    tools: tools.length > 0 ? tools : undefined,
    tool_choice: input.toolChoice,
    max_tool_calls: input.maxToolCalls,
    text: input.format && { format: jsonSchemaFormat(input.stepId, input.format) },
    reasoning: input.reasoning,
    max_output_tokens: input.maxOutputTokens,
    conversation: input.conversation,
    previous_response_id: input.previousResponse,
  });
}

function jsonSchemaFormat(stepId: string, schema: Record<string, unknown>): Record<string, unknown> {
  formatReader(schema);
  const name = stepId.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_FORMAT_NAME);
  return { type: 'json_schema', name, schema, strict: true };
}

function compact<T extends Record<string, unknown>>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as T;
}
