import type { Ask } from '../answer/ask';
import { draftArguments, draftInput } from '../answer/json/arguments';
import { newId } from '../ids';
import type { Item } from '../responses/record';
import type { Tool } from '../responses/tool-schemas';
import type { Choice } from './choice';
import { bestMatches } from './match';

type Callable = Extract<Tool, { type: 'function' | 'custom' }>;

/**
 * The calls of the client's own tools that a request leads to. A tool is called where its words are those of the ask, or
 * where the choice leaves no other; once for each message of the user, so that a conversation of calls and outputs ends.
 */
export function functionCalls(
  choice: Choice,
  ask: Ask,
  options: { items: readonly Item[]; parallel: boolean },
): Item[] {
  const own = choice.tools.filter(isCallable);
  if (own.length === 0) return [];
  const called = calledSinceUser(options.items);
  const fresh = own.filter((tool) => !called.has(tool.name));
  // Judged among all of them: what fits worse than a tool that was called does not become the best by that.
  const matching = bestMatches(own.map(describe), ask)
    .map(({ of }) => of)
    .filter((tool) => fresh.includes(tool));
  const onlyOwn = own.length === choice.tools.length;
  const forced = choice.required && onlyOwn ? [fresh[0] ?? own[0]].flatMap((tool) => tool ?? []) : [];
  const chosen = matching.length > 0 ? matching : forced;
  return chosen.slice(0, options.parallel ? chosen.length : 1).map((tool) => toCall(tool, ask));
}

function isCallable(tool: Tool): tool is Callable {
  return tool.type === 'function' || tool.type === 'custom';
}

/** Names of the tools that were called after the last message of the user. */
function calledSinceUser(items: readonly Item[]): Set<unknown> {
  const last = items.findLastIndex((item) => item['role'] === 'user');
  const calls = items.slice(last + 1).filter(({ type }) => type === 'function_call' || type === 'custom_tool_call');
  return new Set(calls.map((item) => item['name']));
}

function describe(tool: Callable): { of: Callable; name: string; description: string; schema: unknown } {
  const schema = tool.type === 'function' ? tool.parameters : undefined;
  return { of: tool, name: tool.name, description: tool.description ?? '', schema };
}

function toCall(tool: Callable, ask: Ask): Item {
  const callId = newId('call');
  if (tool.type === 'function') {
    return {
      id: newId('fc'),
      type: 'function_call',
      status: 'completed',
      arguments: JSON.stringify(draftArguments(tool.parameters ?? {}, ask.prompt)),
      call_id: callId,
      name: tool.name,
    };
  }
  const pattern =
    tool.format?.type === 'grammar' && tool.format.syntax === 'regex' ? tool.format.definition : undefined;
  const input = draftInput(ask.prompt, pattern);
  return { id: newId('ctc'), type: 'custom_tool_call', status: 'completed', call_id: callId, input, name: tool.name };
}
