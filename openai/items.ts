import { type Select } from '../contract/step';
import { type Item } from './port';
import { outputText } from './text';

/**
 * Fields that the API takes on input, for each type of item that can be sent again without the state it came from.
 * An allowlist, because one field too many (`created_by`, `parsed`, `status` where it is refused) is a 400 for the
 * whole step. Ids are never sent: an item with an id must come with the reasoning item before it, and a reasoning item
 * of a background response cannot be sent again at all, since a read gives no `encrypted_content`.
 * Left out, because their schema demands the id: `web_search_call`, `file_search_call`, `code_interpreter_call`,
 * `image_generation_call`, `mcp_call`, `mcp_list_tools` and approvals. What they found stands in the message that
 * follows them, with its sources as annotations. Some clients send `web_search_call` without its id and the API lets
 * them; a search query is not worth a step that may be refused.
 */
const REPLAYED: Record<string, readonly string[]> = {
  message: ['role', 'phase'],
  function_call: ['call_id', 'name', 'arguments'],
  function_call_output: ['call_id', 'output'],
  custom_tool_call: ['call_id', 'name', 'input'],
  custom_tool_call_output: ['call_id', 'output'],
  compaction: ['encrypted_content'],
};

/**
 * What besides goes from turn to turn of one step, ids included, where the provider has not kept it: a decision is taken
 * on an id, and a call that is forgotten is asked for again.
 */
const MCP: Record<string, readonly string[]> = {
  mcp_list_tools: ['id', 'server_label', 'tools'],
  mcp_call: ['id', 'server_label', 'name', 'arguments', 'output', 'error', 'approval_request_id'],
  mcp_approval_request: ['id', 'server_label', 'name', 'arguments'],
  mcp_approval_response: ['approval_request_id', 'approve', 'reason'],
};

const CALLS: Record<string, string> = {
  function_call: 'function_call_output',
  custom_tool_call: 'custom_tool_call_output',
};

const PART_FIELDS: Record<string, readonly string[]> = {
  output_text: ['text', 'annotations'],
  input_text: ['text'],
  refusal: ['refusal'],
};

/** A step that ended: what it was asked, its turns that asked for calls with what these were answered, and what came out. */
export type Turn = { prompt: string; before?: readonly Item[]; output: readonly Item[] };

/**
 * An earlier step as input of a later one: its prompt as the user's message, then its output.
 * `messages`: only messages of the output; `text`: the answer's text alone, without the prompt.
 */
export function toContextItems(turn: Turn, select: Select): Item[] {
  if (select === 'text') {
    const text = outputText(turn.output);
    return text === '' ? [] : [{ type: 'message', role: 'assistant', content: text }];
  }
  const whole = [...(turn.before ?? []), ...turn.output];
  const output = select === 'messages' ? whole.filter(({ type }) => type === 'message') : whole;
  return [userMessage(turn.prompt), ...replayable(output)];
}

/** What a call is answered with. */
export function callOutput(callId: string, output: string): Item {
  return { type: 'function_call_output', call_id: callId, output };
}

/** A person's decision on a call of a hosted MCP server. */
export function approvalResponse(requestId: string, { approve, reason }: { approve: boolean; reason?: string }): Item {
  return { type: 'mcp_approval_response', approval_request_id: requestId, approve, ...(reason && { reason }) };
}

/** A message of the user. */
export function userMessage(text: string): Item {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}

/** Items of an output that can be sent again, calls with their outputs alone. */
export function replayable(output: readonly Item[], fieldsOf = REPLAYED): Item[] {
  const paired = pairedCallIds(output);
  return output.flatMap((item): Item[] => {
    const fields = fieldsOf[item.type];
    // A call without its output, or the reverse, is a 400.
    if (!fields || (typeof item['call_id'] === 'string' && !paired.has(item['call_id']))) return [];
    const kept: Item = { type: item.type, ...pick(item, fields) };
    if (item.type !== 'message') return [kept];
    const content = messageContent(item['content']);
    return content === undefined ? [] : [{ ...kept, content }];
  });
}

/**
 * The turns of a step before the one to come, where the provider has not kept them. An approved call that was made stands
 * for its approval: sent again, that would ask for the call once more.
 */
export function withinStep(items: readonly Item[]): Item[] {
  const made = new Set(items.flatMap((item) => (item.type === 'mcp_call' ? [item['approval_request_id']] : [])));
  const isSettled = (item: Item): boolean =>
    (item.type === 'mcp_approval_request' && made.has(item['id'])) ||
    (item.type === 'mcp_approval_response' && made.has(item['approval_request_id']));
  return replayable(
    items.filter((item) => !isSettled(item)),
    { ...REPLAYED, ...MCP },
  );
}

function pairedCallIds(output: readonly Item[]): Set<unknown> {
  return new Set(
    output.flatMap((call) => {
      const answer = CALLS[call.type];
      const answered =
        answer !== undefined && output.some((o) => o.type === answer && o['call_id'] === call['call_id']);
      return answered ? [call['call_id']] : [];
    }),
  );
}

/** Undefined where nothing is left to send: a message without content is refused. */
function messageContent(content: unknown): unknown {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const parts = content.flatMap((part: Record<string, unknown>) => {
    const type = String(part['type']);
    const fields = PART_FIELDS[type];
    return fields ? [{ type, ...pick(part, fields) }] : [];
  });
  return parts.length > 0 ? parts : undefined;
}

function pick(from: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.flatMap((name) => (from[name] === undefined || from[name] === null ? [] : [[name, from[name]]])),
  );
}
