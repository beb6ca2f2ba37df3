import { ApiError } from '../http/errors';
import { newId, type IdPrefix } from '../ids';
import { toOutput, type Output } from '../responses/output';
import type { Ending, Item, Usage } from '../responses/record';
import { countItemTokens } from '../responses/tokens';
import type { ScriptedAnswer, ScriptedCall, ScriptedRefusal } from './schema';

/** The HTTP error that a step asks for. */
export function scriptedError({ status, message, headers, ...fields }: ScriptedRefusal): ApiError {
  return new ApiError(status, message ?? `The script answers this create with ${status}.`, { ...fields, headers });
}

/** The output that a step asks for, cut by `maxTokens` as any other; null where it leaves that to the emulator. */
export function scriptedOutput(answer: ScriptedAnswer, maxTokens: number | null): Output | null {
  const { output, text, json, function_calls: calls = [] } = answer;
  if (output !== undefined) {
    const items = output.map(toItem);
    return { items, tokens: countItemTokens(items), reasoningTokens: 0, truncated: false };
  }
  if (text === undefined && json === undefined && calls.length === 0) return null;
  const items = calls.map(toCall);
  const said = text ?? (json === undefined ? null : JSON.stringify(json));
  if (said === null) return { items, tokens: countItemTokens(items), reasoningTokens: 0, truncated: false };
  return toOutput({ text: said, annotations: [] }, { calls: items, maxTokens, reasoningTokens: 0, summary: null });
}

/** How a step asks the response to end; null where it leaves that to the emulator. */
export function scriptedEnding({ status, error, incomplete_details: details }: ScriptedAnswer): Ending | null {
  if (error !== undefined || status === 'failed') {
    const { code = 'server_error', message = 'The script asked for this failure.' } = error ?? {};
    return { status: 'failed', code, message };
  }
  if (details !== undefined || status === 'incomplete') {
    return { status: 'incomplete', reason: details?.reason ?? 'max_output_tokens' };
  }
  return status === 'completed' ? { status } : null;
}

/** Usage with the numbers that a step names. */
export function scriptedUsage(answer: ScriptedAnswer, usage: Usage): Usage {
  const named = answer.usage;
  if (named === undefined) return usage;
  const input = named.input_tokens ?? usage.input_tokens;
  const output = named.output_tokens ?? usage.output_tokens;
  const { input_tokens_details: of, output_tokens_details: from } = usage;
  return {
    input_tokens: input,
    input_tokens_details: { ...of, cached_tokens: named.cached_tokens ?? of.cached_tokens },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: named.reasoning_tokens ?? from.reasoning_tokens },
    total_tokens: input + output,
  };
}

function toCall({ name, arguments: given, call_id: callId }: ScriptedCall): Item {
  return {
    id: newId('fc'),
    type: 'function_call',
    status: 'completed',
    name,
    call_id: callId ?? newId('call'),
    arguments: typeof given === 'string' ? given : JSON.stringify(given),
  };
}

const PREFIXES: Readonly<Record<string, IdPrefix>> = { message: 'msg', reasoning: 'rs', function_call: 'fc' };

function toItem(given: { readonly type: string; readonly [field: string]: unknown }): Item {
  const id = typeof given['id'] === 'string' ? given['id'] : newId(PREFIXES[given.type] ?? 'item');
  if (given.type !== 'message') return { ...given, id };
  const { content } = given;
  const parts =
    typeof content === 'string' ? [{ type: 'output_text', text: content, annotations: [], logprobs: [] }] : content;
  return { role: 'assistant', status: 'completed', ...given, id, content: parts };
}
