import { setImmediate } from 'node:timers/promises';
import type { CallToolResult, Client, Tool as ListedTool } from '@modelcontextprotocol/client';
import { durationMs, MAX_TIMER_MS } from '../../contract/duration';
import { type McpDefinition } from '../../contract/mcp';
import { type ToolPolicy } from '../../contract/run-record';
import { functionParameters, problemOf } from './arguments';
import { type McpServerConfig } from './config';
import { type McpConnection, type McpLog } from './connection';
import { resultText } from './content';
import { type CallEnd, endOf, whyUnavailable } from './ends';
import { functionName } from './names';

/** Longest wait of one attempt for a server that starts: shorter than the time in which a killed worker is noticed. */
const READY_WAIT_MS = 5_000;
const LIST_TIMEOUT_MS = 20_000;
/** How long a server that let a call run out of time has, to show that it lives. */
const ALIVE_TIMEOUT_MS = 5_000;
/** Longest description that the API takes of a function. */
const MAX_DESCRIPTION_CHARS = 1_024;

/** A tool as its server lists it: what models are told of it and what runs decide by, or why it cannot be offered. */
export type McpTool = { tool: string } & ({ definition: McpDefinition; policy: ToolPolicy } | { problem: string });

/** What a server lists, or why it cannot be asked now. */
export type McpListing = { tools: McpTool[] } | { unavailable: string };

/** A call of a tool. */
export interface McpCall {
  tool: string;
  args: Record<string, unknown>;
  idempotencyKey: string;
  /** When it is aborted nobody waits any more; the server is told. */
  signal: AbortSignal;
}

/** An MCP server of a worker. */
export class McpServer {
  constructor(
    readonly name: string,
    private readonly config: McpServerConfig,
    private readonly connection: McpConnection,
    private readonly options: { log: McpLog; scrub: (text: string) => string },
  ) {}

  /** Its tools that may be named, as it lists them now. */
  async list(): Promise<McpListing> {
    const waiting = await this.unavailable();
    if (waiting !== undefined) return { unavailable: waiting };
    try {
      const tools = await this.connection.use((client) => listed(client));
      const { allowedTools } = this.config;
      const missing = (allowedTools ?? []).filter((name) => !tools.some((tool) => tool.name === name));
      if (missing.length > 0)
        this.options.log('warn', `MCP server "${this.name}" does not list what "allowedTools" names`, { missing });
      const made = new Map<string, McpTool>();
      for (const tool of tools.filter(({ name }) => allowedTools?.includes(name) ?? true)) {
        const isTwice = made.has(tool.name);
        made.set(tool.name, isTwice ? { tool: tool.name, problem: 'the server lists it twice' } : this.toolOf(tool));
        // A schema takes milliseconds, and a server may list thousands.
        await setImmediate();
      }
      return { tools: [...made.values()] };
    } catch (error) {
      return { unavailable: this.why(error) };
    }
  }

  /** Why nothing can be called now; undefined once the server is there. */
  async unavailable(): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), READY_WAIT_MS);
    });
    try {
      const first = await Promise.race([this.connection.ready(), late]);
      return first === 'late' ? this.sentence('it is still starting') : undefined;
    } catch (error) {
      return this.why(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Why arguments are not what the model was told; undefined where they are. */
  problemOf(parameters: Record<string, unknown>, args: unknown): string | undefined {
    return problemOf(parameters, args);
  }

  /** Calls a tool once. Never rejects: what became of the call is its end. */
  async call(call: McpCall): Promise<CallEnd> {
    try {
      return await this.connection.use((client, drop) => this.attempt(client, drop, call));
    } catch (error) {
      return { ended: 'unavailable', why: this.why(error) };
    }
  }

  private async attempt(client: Client, drop: () => void, call: McpCall): Promise<CallEnd> {
    const { tool, args, idempotencyKey, signal } = call;
    if (signal.aborted) return { ended: 'unavailable', why: this.sentence('it was not there in time') };
    const params = { name: tool, arguments: args, _meta: { [IDEMPOTENCY_KEY]: idempotencyKey } };
    try {
      const result = await client.callTool(params, { signal, timeout: MAX_TIMER_MS });
      const text = this.textOf(result);
      if (result.isError !== true) return { ended: 'ok', text };
      return { ended: 'error', text: (await this.isGone(client, tool)) ?? text };
    } catch (error) {
      const end = endOf(error, signal.aborted);
      if (end.ended === 'error')
        return { ended: 'error', text: (await this.isGone(client, tool)) ?? this.clean(end.text) };
      if (!signal.aborted) drop();
      else void this.checkAlive(client, drop);
      return { ended: end.ended, why: this.sentence(end.why) };
    }
  }

  private textOf(result: CallToolResult): string {
    return this.options.scrub(resultText(result, this.config.maxBytes ?? DEFAULT_MAX_BYTES));
  }

  /** A server may change its tools while a run that was told of them goes on. */
  private async isGone(client: Client, tool: string): Promise<string | undefined> {
    try {
      const tools = await listed(client);
      if (tools.some(({ name }) => name === tool)) return undefined;
      return `the MCP server "${this.name}" has no tool "${tool}" any more`;
    } catch (error) {
      this.options.log('warn', `MCP server "${this.name}" cannot list its tools: ${this.why(error)}`, {});
      return undefined;
    }
  }

  /** One that does not answer at all is started anew for the next call. */
  private async checkAlive(client: Client, drop: () => void): Promise<void> {
    try {
      await listed(client, ALIVE_TIMEOUT_MS);
    } catch (error) {
      this.options.log(
        'warn',
        `MCP server "${this.name}" let a call run out of time and is replaced: ${this.why(error)}`,
        {},
      );
      drop();
    }
  }

  private toolOf({ name: tool, title, description = title ?? '', inputSchema, annotations }: ListedTool): McpTool {
    try {
      const name = functionName(this.name, tool);
      const told =
        description.length > MAX_DESCRIPTION_CHARS
          ? `${description.slice(0, MAX_DESCRIPTION_CHARS - 1)}…`
          : description;
      const definition = { name, description: told, parameters: functionParameters(inputSchema) };
      return { tool, definition, policy: this.policyOf(tool, definition, annotations) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return { tool, problem: error.message };
    }
  }

  /** What a server says of its own tools makes them stricter, and never looser: nobody vouches for it. */
  private policyOf(tool: string, definition: McpDefinition, annotations: ListedTool['annotations']): ToolPolicy {
    const { needsApproval, idempotent = false, retries = 0, timeout = DEFAULT_TIMEOUT, onError = 'tell' } = this.config;
    const isDestructive = annotations?.destructiveHint === true && annotations.readOnlyHint !== true;
    const isIdempotent = Array.isArray(idempotent) ? idempotent.includes(tool) : idempotent;
    return {
      name: definition.name,
      needsApproval: Array.isArray(needsApproval) ? needsApproval.includes(tool) : (needsApproval ?? isDestructive),
      timeoutMs: durationMs(timeout),
      idempotent: isIdempotent,
      retries: isIdempotent ? retries : 0,
      onError,
      definitionBytes: Buffer.byteLength(JSON.stringify(definition)),
      mcp: { server: this.name, tool },
    };
  }

  private why(error: unknown): string {
    return this.sentence(whyUnavailable(error, this.config));
  }

  private sentence(why: string): string {
    return this.clean(`MCP server "${this.name}": ${why}`);
  }

  private clean(text: string): string {
    return this.options.scrub(text).replace(/\s+/g, ' ').trim().slice(0, MAX_REASON_CHARS);
  }
}

const DEFAULT_TIMEOUT = '1m';
const DEFAULT_MAX_BYTES = 100_000;
const MAX_REASON_CHARS = 400;
/** Where a server that keeps track of calls finds the key of one, in its `_meta`. */
const IDEMPOTENCY_KEY = 'durable-research/idempotencyKey';

async function listed(client: Client, timeout = LIST_TIMEOUT_MS): Promise<ListedTool[]> {
  const { tools } = await client.listTools(undefined, { timeout, cacheMode: 'refresh' });
  return tools;
}
