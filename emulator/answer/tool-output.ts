import type { Item } from '../responses/record';

/** What a tool gave back, as text: the output of a call, or why there is none. Empty for every other item. */
export function toolOutput(item: Item): string {
  switch (item.type) {
    case 'function_call_output':
    case 'custom_tool_call_output':
      return textOf(item['output']);
    case 'code_interpreter_call':
      return logsOf(item['outputs']);
    case 'mcp_call':
      return typeof item['error'] === 'string' ? item['error'] : textOf(item['output']);
    case 'mcp_approval_response':
      return item['approve'] === false ? denial(item['reason']) : '';
    default:
      return '';
  }
}

function textOf(output: unknown): string {
  if (typeof output === 'string') return output;
  return Array.isArray(output) ? output.map((part) => field(part, 'text')).join('\n') : '';
}

function denial(reason: unknown): string {
  return `The call was not approved${typeof reason === 'string' && reason !== '' ? `: ${reason}` : '.'}`;
}

function logsOf(outputs: unknown): string {
  return Array.isArray(outputs) ? outputs.map((output) => field(output, 'logs')).join('\n') : '';
}

function field(part: unknown, name: 'text' | 'logs'): string {
  const value = typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : '';
}
