import { type ListedTools, type ListToolsInput, MAX_INLINE_RESULT_BYTES, type ToolUse } from '../contract/activities';
import { type InputIssue } from '../contract/issues';
import { type McpDefinition, type McpList, mcpUse } from '../contract/mcp';
import { MAX_TOOLS } from '../contract/step';
import type { McpTool } from '../tools/mcp/server';
import { type ActivityDeps } from './deps';
import { assertOrigin, failure, refuseInput, serverUnavailable, WITHOUT_STORE } from './failures';

const MAX_LIST_BYTES = 512 * 1024;

/**
 * Once a run and MCP server: the tools that the run names, as the server lists them now. What models are told of them is
 * kept, so that a server that changes them later changes nothing for this run.
 */
export async function listTools(deps: ActivityDeps, { origin, server, uses }: ListToolsInput): Promise<ListedTools> {
  assertOrigin(deps.provider.origin, origin);
  const found = deps.mcp?.servers.get(server);
  if (!found) throw failure('ToolUnavailable', serverUnavailable(server));
  const listing = await found.list();
  if ('unavailable' in listing) throw failure('McpUnavailable', listing.unavailable);
  const named = uses.map((use) => ({ ...use, tool: mcpUse(use.name)?.tool }));
  const all = named.some(({ tool }) => tool === undefined);
  const tools = listing.tools.filter(({ tool }) => all || named.some((use) => use.tool === tool));
  refuseInput(issuesOf(server, named, listing.tools));
  const usable = tools.flatMap((tool) => ('problem' in tool ? [] : [tool]));
  const list = await keep(
    deps,
    { server, all },
    usable.map(({ definition }) => definition),
  );
  return { list, tools: usable.map(({ policy }) => policy) };
}

type Named = ToolUse & { tool?: string };

function issuesOf(server: string, named: readonly Named[], listed: readonly McpTool[]): InputIssue[] {
  return named.flatMap(({ tool, path }): InputIssue[] => {
    const meant = listed.filter((one) => tool === undefined || one.tool === tool);
    const names = listed
      .map((one) => `"${one.tool}"`)
      .join(', ')
      .slice(0, MAX_NAMES_CHARS);
    if (meant.length === 0)
      return [{ path, message: `MCP server "${server}" has no tool ${tool ?? 'at all'}; it has: ${names || 'none'}` }];
    if (meant.length > MAX_TOOLS)
      return [
        { path, message: `MCP server "${server}" has ${meant.length} tools, of at most ${MAX_TOOLS}; ${NAME_SOME}` },
      ];
    return meant.flatMap((one) =>
      'problem' in one
        ? [{ path, message: `tool "${one.tool}" of MCP server "${server}": ${one.problem}; ${NAME_SOME}` }]
        : [],
    );
  });
}

const MAX_NAMES_CHARS = 400;
const NAME_SOME = 'name single tools, "mcp:<server>/<tool>", or set "allowedTools" at the worker';

async function keep(
  { store }: ActivityDeps,
  { server, all }: Pick<McpList, 'server' | 'all'>,
  definitions: McpDefinition[],
): Promise<McpList> {
  const text = JSON.stringify(definitions);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_LIST_BYTES)
    throw failure(
      'InvalidInput',
      `the tools of MCP server "${server}" are described in ${bytes} bytes, of at most ${MAX_LIST_BYTES}; ${NAME_SOME}`,
    );
  const ref = await store.putPrompt(text);
  if (ref !== undefined) return { server, all, ref };
  if (bytes <= MAX_INLINE_RESULT_BYTES) return { server, all, definitions };
  throw failure(
    'InvalidInput',
    `the tools of MCP server "${server}" are described in ${bytes} bytes, of at most ${MAX_INLINE_RESULT_BYTES} ${WITHOUT_STORE}; or ${NAME_SOME}`,
  );
}
