import { type CallToolInput } from '../contract/activities';
import { fromZod, InvalidInputError } from '../contract/issues';
import type { Tool, ToolContext } from '../tools/define-tool';
import type { McpServer } from '../tools/mcp/server';
import { type ActivityDeps } from './deps';
import { failure, serverUnavailable, toolUnavailable } from './failures';
import { readDefinitions } from './mcp-definitions';

/** What a call calls: a tool of the user's own, or one of an MCP server. */
export interface Callee {
  /** Arguments as the tool takes them, or what is wrong with them. */
  parse(given: unknown): Promise<{ value: unknown } | { problem: string }>;
  execute(args: unknown, context: ToolContext): unknown;
}

/** A call that was sent and whose end nobody knows. */
export class LostCall extends Error {}

/**
 * What is to be called, ready for it.
 * @throws ApplicationFailure `ToolUnavailable` where this worker does not have it, `McpUnavailable` where its server
 * cannot be used now, `DeadlineExceeded` for a call that comes too late.
 */
export async function calleeOf(deps: ActivityDeps, input: CallToolInput): Promise<Callee> {
  const { stepId, name, deadlineAt, mcp } = input;
  if (Date.now() >= deadlineAt)
    throw failure('DeadlineExceeded', `the deadline of step "${stepId}" passed before its tool "${name}" was called`);
  if (mcp) return mcpTool(deps, name, mcp);
  const registered = deps.tools?.get(name);
  if (!registered) throw failure('ToolUnavailable', toolUnavailable(stepId, name));
  return ownTool(registered.tool);
}

function ownTool(tool: Tool): Callee {
  return {
    async parse(given) {
      const parsed = await tool.parameters.safeParseAsync(given);
      if (parsed.success) return { value: parsed.data };
      return { problem: new InvalidInputError('what it was given', fromZod(parsed.error, given)).message };
    },
    execute: (args, context) => tool.execute(args, context),
  };
}

async function mcpTool(deps: ActivityDeps, name: string, mcp: NonNullable<CallToolInput['mcp']>): Promise<Callee> {
  const server = deps.mcp?.servers.get(mcp.server);
  if (!server) throw failure('ToolUnavailable', serverUnavailable(mcp.server));
  const definition = (await readDefinitions(deps, mcp)).find((one) => one.name === name);
  if (!definition)
    throw new Error(`tool "${name}" is not among those of MCP server "${mcp.server}" that the run was told`);
  const waiting = await server.unavailable();
  if (waiting !== undefined) throw failure('McpUnavailable', waiting);
  return {
    async parse(given) {
      const problem = server.problemOf(definition.parameters, given);
      return problem === undefined ? { value: given } : { problem };
    },
    execute: (args, context) => callServer(server, mcp.tool, { args, context }),
  };
}

/** The parameters of every such tool are an object. */
type Call = { args: unknown; context: ToolContext };

async function callServer(server: McpServer, tool: string, { args, context }: Call): Promise<string> {
  const { idempotencyKey, signal } = context;
  const end = await server.call({ tool, args: args as Record<string, unknown>, idempotencyKey, signal });
  if (end.ended === 'ok') return end.text;
  if (end.ended === 'error') throw new Error(end.text);
  if (end.ended === 'unavailable') throw failure('McpUnavailable', end.why);
  throw new LostCall(end.why);
}
