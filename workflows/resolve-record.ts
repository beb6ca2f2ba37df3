import { type HostedMcpUse, type ToolUse } from '../contract/activities';
import { type InputIssue } from '../contract/issues';
import { mcpUse } from '../contract/mcp';
import { type RunRecord } from '../contract/run-record';
import { listing, quick } from './activities';
import { failureOf, invalidInput, runFailure } from './failures';

/** What a run will use. */
export interface Uses {
  models: string[];
  tools: ToolUse[];
  hostedMcp: HostedMcpUse[];
}

/**
 * What the run's decisions depend on, once.
 * @throws ApplicationFailure `InvalidInput` for a tool or server that the worker does not have, `McpUnavailable` for an
 * MCP server that could not be used for minutes.
 */
export async function resolveRecord({ models, tools, hostedMcp }: Uses): Promise<RunRecord> {
  const input = {
    models,
    ...(tools.length > 0 && { tools }),
    ...(hostedMcp.length > 0 && { hostedMcp }),
  };
  try {
    const record = await quick('provider, models and prices of this run')['durableResearch.resolveRun'](input);
    return await withServers(record, tools);
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.type !== 'InvalidInput' && failure?.type !== 'McpUnavailable') throw error;
    throw runFailure(failure.type, failure.message);
  }
}

/** Every MCP server that the run names lists its tools, which hold for the whole run. */
async function withServers(record: RunRecord, tools: ToolUse[]): Promise<RunRecord> {
  const servers = [...new Set(tools.flatMap(({ name }) => mcpUse(name)?.server ?? []))];
  if (servers.length === 0) return record;
  const { origin } = record;
  const listed = await Promise.all(
    servers.map((server) => {
      const uses = tools.filter(({ name }) => mcpUse(name)?.server === server);
      return listing(`tools of MCP server ${server}`)['durableResearch.listTools']({ origin, server, uses });
    }),
  );
  const all = [...(record.tools ?? []), ...listed.flatMap((one) => one.tools)];
  refuseTwice(all.map(({ name }) => name));
  return { ...record, tools: all, mcp: listed.map(({ list }) => list) };
}

/** Two tools of one name could not be told apart. */
function refuseTwice(names: readonly string[]): void {
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) < i))];
  const issues = twice.map((name): InputIssue => ({
    path: [],
    message: `two tools have the name "${name}"; rename one`,
  }));
  if (issues.length > 0) throw invalidInput('input', issues);
}
