import type { ListedTool } from './connection';
import type { McpTool } from './server';

interface Filter {
  readonly tool_names?: readonly string[] | null;
  readonly read_only?: boolean | null;
}

/** Whether a request lets a server's tool be used at all. */
export function isAllowed({ allowed_tools: allowed }: McpTool, tool: ListedTool): boolean {
  if (allowed === undefined || allowed === null) return true;
  return Array.isArray(allowed) ? allowed.includes(tool.name) : matches(allowed, tool);
}

/**
 * Whether a person has to approve a call. Where the request says nothing every call is approved first; where it names
 * only what is always approved, nothing else is.
 */
export function needsApproval({ require_approval: rule }: McpTool, tool: ListedTool): boolean {
  if (rule === undefined || rule === null) return true;
  if (typeof rule === 'string') return rule === 'always';
  const never = rule.never ?? undefined;
  const always = rule.always ?? undefined;
  if (never !== undefined && matches(never, tool)) return false;
  return never !== undefined || always === undefined || matches(always, tool);
}

/** Whatever a filter states has to hold. */
function matches({ tool_names: names, read_only: readOnly }: Filter, tool: ListedTool): boolean {
  if (names !== undefined && names !== null && !names.includes(tool.name)) return false;
  return readOnly === undefined || readOnly === null || readOnly === isReadOnly(tool);
}

function isReadOnly({ annotations }: ListedTool): boolean {
  if (typeof annotations !== 'object' || annotations === null) return false;
  return 'readOnlyHint' in annotations && annotations.readOnlyHint === true;
}
