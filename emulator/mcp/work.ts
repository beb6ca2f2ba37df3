import type { Ask } from '../answer/ask';
import { draftArguments } from '../answer/json/arguments';
import { SchemaError } from '../answer/json/node';
import { ApiError } from '../http/errors';
import type { Context } from '../responses/context';
import type { Item } from '../responses/record';
import type { Choice } from '../tool-calls/choice';
import { bestMatches } from '../tool-calls/match';
import { failureOf, McpConnection, type ListedTool } from './connection';
import { approvalRequestItem, callItem, decisions, listedTools, listToolsItem } from './items';
import { isAllowed, needsApproval } from './policy';
import type { McpServer } from './server';

/** What a response has to do with MCP servers. */
export interface McpWork {
  readonly choice: Choice;
  readonly ask: Ask;
  readonly context: Context;
  readonly servers: readonly McpServer[];
  /** Whether several tools may be called. */
  readonly parallel: boolean;
  /** How many calls may be made, Infinity for any number. */
  readonly maxCalls: number;
}

interface Bounds {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Offer {
  readonly server: McpServer;
  readonly tool: ListedTool;
}

/** Arguments as JSON, and why there are none where a server's schema cannot be read. */
interface Drawn {
  readonly args: string;
  readonly problem: string | null;
}

interface Call extends Drawn {
  readonly label: string;
  readonly name: string;
  readonly approvalRequestId: string | null;
}

/**
 * Does a response's work with MCP servers: lists the tools that are not known yet, makes the calls that were approved,
 * then those that fit the ask, or asks for their approval. Returns the items that show it, in the order of the work.
 * Rejects only when `signal` aborts: whatever fails on a server's side is an item with an error.
 */
export async function workWithServers(work: McpWork, bounds: Bounds): Promise<Item[]> {
  const connections = new Map(work.servers.map((server) => [server.label, new McpConnection(server, bounds)]));
  try {
    const known = [...work.context.earlier, ...work.context.input];
    const lists = await Promise.all(
      work.servers
        .filter(({ label }) => listedTools(known, label) === undefined)
        .map((server) => list(server, connections.get(server.label))),
    );
    bounds.signal.throwIfAborted();
    const items = [...known, ...lists];
    const approved = decisions(work.context.input, known).filter(({ approve }) => approve);
    const chosen = choose(work, items).slice(0, Math.max(0, work.maxCalls - approved.length));
    const offered = chosen.map((offer) => ({ ...offer, ...argumentsFor(offer, work.ask) }));
    const waits = offered.filter(({ server, tool }) => needsApproval(server.tool, tool));
    const calls: Call[] = [
      ...approved.slice(0, work.maxCalls).map(({ request }) => ({
        label: request.server_label,
        name: request.name,
        args: request.arguments,
        problem: null,
        approvalRequestId: request.id,
      })),
      ...offered
        .filter((offer) => !waits.includes(offer))
        .map(({ server, tool, ...drawn }) => ({
          label: server.label,
          name: tool.name,
          ...drawn,
          approvalRequestId: null,
        })),
    ];
    const made = await Promise.all(calls.map((call) => make(call, work.servers, connections)));
    bounds.signal.throwIfAborted();
    const requests = waits.map(({ server, tool, args }) => approvalRequestItem(server.label, tool.name, args));
    return [...lists, ...made, ...requests];
  } finally {
    await Promise.all([...connections.values()].map((connection) => connection.close()));
  }
}

async function list(server: McpServer, connection: McpConnection | undefined): Promise<Item> {
  try {
    const tools = (await connection?.listTools()) ?? [];
    const allowed = tools.filter((tool) => isAllowed(server.tool, tool));
    return listToolsItem(server.label, allowed, null);
  } catch (error) {
    const reason = failureOf(server, error);
    return listToolsItem(server.label, [], `Error retrieving tool list from MCP server: '${server.label}'. ${reason}`);
  }
}

/** The tools whose words are those of the ask, or the one that is forced; each once for a message of the user. */
function choose({ choice, ask, context, servers, parallel }: McpWork, items: readonly Item[]): Offer[] {
  const offers = servers.flatMap((server) =>
    (listedTools(items, server.label) ?? [])
      .filter((tool) => isAllowed(server.tool, tool))
      .map((tool): Offer => ({ server, tool })),
  );
  if (choice.mcpTool !== null) {
    const isDecided = decisions(context.input, items).some(({ request }) => request.name === choice.mcpTool);
    return isDecided ? [] : offers.filter(({ tool }) => tool.name === choice.mcpTool).slice(0, 1);
  }
  const used = usedSinceUser(items);
  const isFresh = ({ server, tool }: Offer): boolean => !used.has(keyOf(server.label, tool.name));
  const matching = bestMatches(offers.map(describe), ask).map(({ of }) => of);
  const onlyServers = choice.tools.every((tool) => tool.type === 'mcp');
  const forced = choice.required && onlyServers && used.size === 0 ? offers.slice(0, 1) : [];
  const chosen = matching.length > 0 ? matching.filter(isFresh) : forced;
  return chosen.slice(0, parallel ? chosen.length : 1);
}

function describe(offer: Offer): { of: Offer; name: string; description: string; schema: unknown } {
  const { name, description, input_schema: schema } = offer.tool;
  return { of: offer, name, description: description ?? '', schema };
}

function usedSinceUser(items: readonly Item[]): Set<string> {
  const last = items.findLastIndex((item) => item['role'] === 'user');
  const used = items.slice(last + 1).filter(({ type }) => type === 'mcp_call' || type === 'mcp_approval_request');
  return new Set(used.map((item) => keyOf(item['server_label'], item['name'])));
}

function keyOf(label: unknown, name: unknown): string {
  return JSON.stringify([label, name]);
}

function argumentsFor({ tool }: Offer, { prompt }: Ask): Drawn {
  const schema = typeof tool.input_schema === 'object' && tool.input_schema !== null ? tool.input_schema : {};
  try {
    return { args: JSON.stringify(draftArguments({ ...schema }, prompt)), problem: null };
  } catch (error) {
    if (!(error instanceof SchemaError || error instanceof ApiError)) throw error;
    return { args: '{}', problem: `The input schema of '${tool.name}' cannot be used: ${error.message}` };
  }
}

async function make(
  call: Call,
  servers: readonly McpServer[],
  connections: ReadonlyMap<string, McpConnection>,
): Promise<Item> {
  const server = servers.find(({ label }) => label === call.label);
  const connection = connections.get(call.label);
  if (server === undefined || connection === undefined) {
    const error = `The request has no MCP tool with server_label '${call.label}'.`;
    return callItem(call, { output: null, error });
  }
  if (call.problem !== null) return callItem(call, { output: null, error: call.problem });
  try {
    const args = JSON.parse(call.args) as Record<string, unknown>;
    return callItem(call, await connection.callTool(call.name, args));
  } catch (error) {
    return callItem(call, { output: null, error: failureOf(server, error) });
  }
}
