import type * as Mcp from '@modelcontextprotocol/client';
import { errorMessage } from '../error-code';
import { EMULATOR_NAME } from '../identity';
import type { McpServer } from './server';

/** A tool as an MCP server lists it, in the API's form. */
export interface ListedTool {
  readonly name: string;
  readonly description: string | null;
  readonly input_schema: unknown;
  readonly annotations: unknown;
}

/** What a call gave: its output, or why it has none. */
export type CallResult =
  { readonly output: string; readonly error: null } | { readonly output: null; readonly error: string };

/** A connection to an MCP server over Streamable HTTP, opened when it is first used. */
export class McpConnection {
  private opening: Promise<Mcp.Client> | undefined;

  constructor(
    private readonly server: McpServer,
    /** Bounds every request; it may abort them all. */
    private readonly limits: { timeoutMs: number; signal: AbortSignal },
  ) {}

  /** Throws an `Error` that says why the tools cannot be listed. */
  async listTools(): Promise<ListedTool[]> {
    const client = await this.open();
    const { tools } = await client.listTools({}, this.requestOptions());
    return tools.map(({ name, description, inputSchema, annotations }) => ({
      name,
      description: description ?? null,
      input_schema: inputSchema,
      annotations: annotations ?? null,
    }));
  }

  /** Throws an `Error` that says why the tool cannot be called; a tool that fails itself is a result. */
  async callTool(name: string, args: Record<string, unknown>): Promise<CallResult> {
    const client = await this.open();
    const result = await client.callTool({ name, arguments: args }, this.requestOptions());
    const text = result.content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('\n');
    const structured = result.structuredContent === undefined ? '' : JSON.stringify(result.structuredContent);
    const output = text === '' ? structured : text;
    return result.isError === true ? { output: null, error: output } : { output, error: null };
  }

  /** Never throws: whatever became of the connection, it is not used any more. */
  async close(): Promise<void> {
    const client = await this.opening?.catch(() => undefined);
    await client?.close().catch(() => undefined);
  }

  private open(): Promise<Mcp.Client> {
    this.opening ??= this.connect();
    return this.opening;
  }

  private async connect(): Promise<Mcp.Client> {
    const { url, reason, headers } = this.server;
    if (url === null) throw new Error(reason);
    // Loaded here: it takes as long as the rest of the emulator, and few requests name a server.
    const mcp = require('@modelcontextprotocol/client') as typeof Mcp;
    const client = new mcp.Client({ name: EMULATOR_NAME, version: '1' });
    // A redirect could lead off this machine, with the credentials.
    const requestInit: RequestInit = { headers: { ...headers }, redirect: 'error' };
    const transport = new mcp.StreamableHTTPClientTransport(new URL(url), { requestInit });
    try {
      await client.connect(transport, this.requestOptions());
    } catch (error) {
      // A request that ran out of time is still on its way.
      await transport.close();
      throw error;
    }
    return client;
  }

  private requestOptions(): { timeout: number; maxTotalTimeout: number; signal: AbortSignal } {
    const { timeoutMs, signal } = this.limits;
    return { timeout: timeoutMs, maxTotalTimeout: timeoutMs, signal };
  }
}

/** What went wrong with a server, without anything that must not be seen. */
export function failureOf(server: McpServer, error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${errorMessage(error.cause)}` : '';
  return server.secrets.reduce((text, secret) => text.replaceAll(secret, '<redacted>'), errorMessage(error) + cause);
}
