import { type McpList, mcpUse } from '../contract/mcp';
import { type RunRecord } from '../contract/run-record';
import { hostedMcp, ownTools } from '../contract/step';
import { type RespondStep } from './turn';

type Tools = RespondStep['tools'];

/** Names of the functions that a step offers: tools of the user's own, and of MCP servers as the run's record has them. */
export function offeredTools({ tools = [] }: RunRecord, named: Tools): string[] {
  const names = ownTools(named).flatMap((name) => {
    const use = mcpUse(name);
    if (!use) return [name];
    const meant = tools.filter(({ mcp }) => mcp?.server === use.server && (use.tool ?? mcp.tool) === mcp.tool);
    return meant.map((policy) => policy.name);
  });
  return [...new Set(names)];
}

/** What the run was told of the MCP servers behind some functions. */
export function listsOf({ tools = [], mcp = [] }: RunRecord, names: readonly string[]): McpList[] {
  const servers = new Set(tools.flatMap((tool) => (names.includes(tool.name) ? (tool.mcp?.server ?? []) : [])));
  return mcp.filter(({ server }) => servers.has(server));
}

/** Labels of a step's hosted MCP servers to which the worker adds credentials. */
export function withCredentials({ hostedMcp: known = [] }: RunRecord, named: Tools): string[] {
  return hostedMcp(named).flatMap(({ label }) => (known.includes(label) ? [label] : []));
}
