import { type HostedMcpUse, type ResolveRunInput, type ToolUse } from '../contract/activities';
import { type InputIssue } from '../contract/issues';
import { mcpUse } from '../contract/mcp';
import { type RunRecord, type ToolPolicy } from '../contract/run-record';
import { selectPrices } from '../openai';
import { providerStore } from '../store/provider';
import { type ActivityDeps } from './deps';
import { refuseInput } from './failures';

/** Once a run: what its decisions depend on, as this worker is configured now. */
export async function resolveRun(deps: ActivityDeps, input: ResolveRunInput): Promise<RunRecord> {
  return {
    origin: deps.provider.origin,
    simulated: deps.simulated,
    defaultModel: deps.defaultModel,
    prices: selectPrices(deps.prices, [...input.models, deps.defaultModel]),
    createTimeoutMs: deps.createTimeoutMs,
    notifies: deps.notify !== undefined,
    webhooks: deps.webhooks,
    ownStore: deps.store !== providerStore,
    traces: deps.traces ?? false,
    background: deps.background.known,
    foregroundModels: [...deps.background.refusing],
    historyEvents: deps.historyEvents,
    ...(deps.createTaskQueue !== undefined && { createTaskQueue: deps.createTaskQueue }),
    ...(input.tools?.length && { tools: policies(deps, input.tools) }),
    ...(input.hostedMcp?.length && { hostedMcp: labels(deps, input.hostedMcp) }),
  };
}

/**
 * Policies of the user's own tools; those of MCP servers are told by the servers.
 * @throws ApplicationFailure `InvalidInput` naming every tool that is not registered, by its place in the run's input.
 */
function policies({ tools: registry = new Map(), mcp }: ActivityDeps, used: readonly ToolUse[]): ToolPolicy[] {
  const named = used.map((use) => ({ ...use, server: mcpUse(use.name)?.server }));
  refuseInput(
    named.flatMap(({ name, path, server }): InputIssue[] => {
      if (server !== undefined) return mcp?.servers.has(server) ? [] : [{ path, message: noServer(server, mcp) }];
      const known = list([...registry.keys()]);
      if (registry.has(name)) return [];
      return [{ path, message: `${noTool(name)}; registered: ${known}` }];
    }),
  );
  return named.flatMap(({ name }) => {
    const registered = registry.get(name);
    if (!registered) return [];
    const { needsApproval, timeoutMs, idempotent, retries, onError } = registered.tool;
    const definitionBytes = Buffer.byteLength(JSON.stringify(registered.definition));
    return [{ name, needsApproval, timeoutMs, idempotent, retries, onError, definitionBytes }];
  });
}

/**
 * Labels of hosted MCP servers to which this worker adds credentials.
 * @throws ApplicationFailure `InvalidInput` for one that nobody says where to find, and for one at another place than
 * the worker has credentials for, which would be given away.
 */
function labels({ mcp }: ActivityDeps, used: readonly HostedMcpUse[]): string[] {
  refuseInput(
    used.flatMap(({ label, path, server_url: url, connector_id: connector }): InputIssue[] => {
      const known = mcp?.hosted.get(label);
      if (!known) return url === undefined && connector === undefined ? [{ path, message: noLabel(label, mcp) }] : [];
      const isOther =
        (url ?? known.server_url) !== known.server_url || (connector ?? known.connector_id) !== known.connector_id;
      const message = `the worker has credentials for "${label}" at another place; leave out "server_url" and "connector_id"`;
      return isOther ? [{ path, message }] : [];
    }),
  );
  return [...new Set(used.map(({ label }) => label).filter((label) => mcp?.hosted.has(label)))];
}

function noTool(name: string): string {
  return `no tool "${name}" is registered at the worker, by DURABLE_RESEARCH_TOOLS or its options`;
}

function noServer(server: string, mcp: ActivityDeps['mcp']): string {
  return `no MCP server "${server}" is configured at the worker, by DURABLE_RESEARCH_MCP or its options; configured: ${list([...(mcp?.servers.keys() ?? [])])}`;
}

function noLabel(label: string, mcp: ActivityDeps['mcp']): string {
  const known = list([...(mcp?.hosted.keys() ?? [])]);
  return `no hosted MCP server "${label}" is configured at the worker (configured: ${known}); give "server_url" or "connector_id"`;
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ') || 'none';
}
