import { z } from 'zod';
import { type ToolCall } from '../contract/outcome';
import { type Item, ProviderError } from './port';

/** So much of a call's arguments a person is shown who decides on it. */
const MAX_ARGUMENTS_CHARS = 1_000;

const functionCallSchema = z.object({ call_id: z.string(), name: z.string(), arguments: z.string() });

/** Calls of tools of any kind, those that the provider has made itself included. */
export function countCalls(output: readonly Item[]): number {
  return output.filter(({ type }) => type.endsWith('_call')).length;
}

/** Calls that the provider leaves to us, in their order. */
export function callsOf(output: readonly Item[], redact: boolean): ToolCall[] {
  const seen = new Set<string>();
  return output.flatMap((item) => {
    const call = item.type === 'function_call' ? functionCallSchema.safeParse(item).data : undefined;
    // One that stands twice has one output.
    if (!call || seen.has(call.call_id)) return [];
    seen.add(call.call_id);
    return [{ callId: call.call_id, name: call.name, arguments: redact ? '' : shortened(call.arguments) }];
  });
}

function shortened(args: string): string {
  if (args.length <= MAX_ARGUMENTS_CHARS) return args;
  return `${args.slice(0, MAX_ARGUMENTS_CHARS).replace(/[\uD800-\uDBFF]$/, '')}… (${args.length} characters in all)`;
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
