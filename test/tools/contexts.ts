import { type Tool, type ToolContext } from '../../tools';

/** What an activity gives to a tool. */
export function context(signal: AbortSignal = new AbortController().signal): ToolContext {
  return { idempotencyKey: 'run/ask/1/call_1', workflowId: 'run', stepId: 'ask', turn: 1, callId: 'call_1', signal };
}

/** Calls a tool as an activity does: the arguments parsed first. */
export async function call(tool: Tool, args: unknown, signal?: AbortSignal): Promise<unknown> {
  return tool.execute(tool.parameters.parse(args), context(signal));
}
