import { z } from 'zod';
import { type ToolCall } from '../contract/outcome';
import { type Item, ProviderError } from './port';

/** So much of a call's arguments a person is shown who decides on it. */
const MAX_ARGUMENTS_CHARS = 1_000;
/** So much of the arguments of all calls of one response, beside which a payload of Temporal has room for the rest. */
const MAX_ALL_ARGUMENTS_CHARS = 250_000;
/** More than the API takes, so that a name that is cut is none that a step offers. */
const MAX_NAME_CHARS = 200;
/** As many as `maxToolCalls` may allow. Calls stand in history, one by one, with what they are answered with. */
const MAX_CALLS = 1_000;

/**
 * Some servers let the model itself write these ids. They become parts of ids of Temporal, of headers and of what people
 * are shown, so none may be long, or hold spaces or line breaks.
 */
const CALL_ID = /^[\x21-\x7e]{1,200}$/;

const functionCallSchema = z.object({ call_id: z.string(), name: z.string(), arguments: z.string() });

const approvalRequestSchema = z.object({
  id: z.string(),
  name: z.string(),
  arguments: z.string(),
  server_label: z.string(),
});

/** Calls of tools of any kind, those that the provider has made itself included. */
export function countCalls(output: readonly Item[]): number {
  return output.filter(({ type }) => type.endsWith('_call')).length;
}

/** Calls that the provider leaves to us, in their order; and those that it makes itself once a person has approved them. */
export function callsOf(output: readonly Item[], redact: boolean): ToolCall[] {
  const seen = new Set<string>();
  const shown = redact ? () => '' : argumentsWithin(MAX_ALL_ARGUMENTS_CHARS);
  return output.flatMap((item): ToolCall[] => {
    const approval = item.type === 'mcp_approval_request' ? approvalRequestSchema.safeParse(item).data : undefined;
    const call = item.type === 'function_call' ? functionCallSchema.safeParse(item).data : undefined;
    const callId = approval?.id ?? call?.call_id;
    const asked = approval ?? call;
    // One that stands twice has one output.
    if (!asked || callId === undefined || seen.has(callId)) return [];
    seen.add(callId);
    const server = approval && { server: shownName(approval.server_label) };
    return [{ callId, name: shownName(asked.name), arguments: shown(asked.arguments), ...server }];
  });
}

/** What is wrong with the calls that a response asks for; undefined where each of them can be answered. */
export function callsProblem(output: readonly Item[]): string | undefined {
  const ids = output.flatMap(({ type, call_id: callId, id }) =>
    type === 'function_call' ? [callId] : type === 'mcp_approval_request' ? [id] : [],
  );
  if (ids.length > MAX_CALLS) return `it asks for ${ids.length} calls at once, of at most ${MAX_CALLS}`;
  if (ids.every((id) => typeof id === 'string' && CALL_ID.test(id))) return undefined;
  return 'it asks for a call whose id is not one: expected at most 200 letters, digits and signs, without spaces';
}

/** Arguments of the calls of one response, as long as there is room for them; later ones come without. */
function argumentsWithin(chars: number): (args: string) => string {
  let left = chars;
  return (args) => {
    const shown = left > 0 ? shownArguments(args) : `(not shown: ${args.length} characters)`;
    left -= shown.length;
    return shown;
  };
}

function shownName(name: string): string {
  return shortened(visible(name), MAX_NAME_CHARS);
}

/** Arguments as they will be used: of a field that stands twice the last one counts, and nothing is hidden by signs. */
function shownArguments(args: string): string {
  return shortened(visible(asUsed(args)), MAX_ARGUMENTS_CHARS);
}

function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')}… (${text.length} characters in all)`;
}

function asUsed(args: string): string {
  try {
    return JSON.stringify(JSON.parse(args));
  } catch (error) {
    // What is nested too deep to be written again is shown as it came.
    if (error instanceof SyntaxError || error instanceof RangeError) return args;
    throw error;
  }
}

/** Text in which no sign moves a cursor, turns the direction of writing or is not seen at all. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(sign: string): string {
  const units = Array.from({ length: sign.length }, (_, at) => sign.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/**
 * Arguments of a call, as the model wrote them.
 * @throws ProviderError `ResponseLost` for an output that does not hold the call any more.
 */
export function argumentsOf(output: readonly Item[], responseId: string, callId: string): string {
  const item = output.find(({ type, call_id: id }) => type === 'function_call' && id === callId);
  const call = functionCallSchema.safeParse(item);
  if (call.success) return call.data.arguments;
  throw new ProviderError('ResponseLost', `the output of ${responseId} does not hold the call ${callId} any more`);
}
