import { badRequest } from '../http/errors';
import type { CreateBody } from '../responses/request';
import type { Tool, ToolChoice } from '../responses/tool-schemas';

/** What a request's `tools` and `tool_choice` come to. */
export interface Choice {
  /** The tools that may be used. */
  readonly tools: readonly Tool[];
  /** Whether one of them must be used. */
  readonly required: boolean;
  /** The one tool of an MCP server that must be called, where the choice names it. */
  readonly mcpTool: string | null;
}

type Asked = Pick<CreateBody, 'tools' | 'tool_choice'>;
type Reference = Exclude<ToolChoice, string>;

/** Which tools a response may and must use. */
export function chooseTools({ tools = [], tool_choice: choice = 'auto' }: Asked): Choice {
  if (typeof choice === 'string') {
    return { tools: choice === 'none' ? [] : tools, required: choice === 'required', mcpTool: null };
  }
  if (choice.type === 'allowed_tools') {
    const allowed = tools.filter((tool) => choice.tools.some((reference) => isMeant(tool, reference)));
    return { tools: allowed, required: choice.mode === 'required', mcpTool: null };
  }
  const mcpTool = choice.type === 'mcp' ? (choice.name ?? null) : null;
  return { tools: tools.filter((tool) => isMeant(tool, choice)), required: true, mcpTool };
}

/** Checks that a choice names tools of the request. Throws the API's 400. */
export function checkToolChoice({ tools = [], tool_choice: choice }: Asked): void {
  if (choice === undefined || choice === 'none' || choice === 'auto') return;
  if (choice === 'required') {
    if (tools.length > 0) return;
    throw badRequest("Tool choice 'required' must be specified with 'tools' parameter.", 'tool_choice');
  }
  const wanted = choice.type === 'allowed_tools' ? choice.tools : [choice];
  const unknown = wanted.find((reference) => !tools.some((tool) => isMeant(tool, reference)));
  if (unknown === undefined) return;
  throw badRequest(`Tool choice '${nameOf(unknown)}' not found in 'tools' parameter.`, 'tool_choice');
}

interface Named {
  readonly type: string;
  readonly name?: unknown;
  readonly server_label?: unknown;
}

function isMeant(tool: Tool, reference: Named | Reference): boolean {
  const { name, server_label: label } = reference as Named;
  if (tool.type === 'function' || tool.type === 'custom') return reference.type === tool.type && name === tool.name;
  if (tool.type === 'mcp') return reference.type === 'mcp' && label === tool.server_label;
  return family(reference.type) === family(tool.type);
}

/** Dated names of a hosted tool mean the same tool. */
function family(type: string): string {
  return type.replace(/_\d{4}_\d{2}_\d{2}$/, '');
}

function nameOf(reference: Named | Reference): string {
  const { type, name, server_label: label } = reference as Named;
  return [name, label].find((part) => typeof part === 'string') ?? type;
}
