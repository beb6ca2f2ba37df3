import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Client, StreamableHTTPClientTransport, Transport } from '@modelcontextprotocol/client';
import type * as Mcp from '@modelcontextprotocol/client';
import type { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type * as Stdio from '@modelcontextprotocol/client/stdio';
import { boundedFetch } from './bounded-fetch';
import { type McpServerConfig } from './config';
import { isRefusal } from './ends';

/** Where what servers say on standard error goes, and what is odd about them. */
export type McpLog = (level: 'info' | 'warn', message: string, attributes: Record<string, unknown>) => void;

/** A program that has to be downloaded first may take long; who waits for it looks again. */
const CONNECT_TIMEOUT_MS = 120_000;
const MAX_LOG_CHARS = 1_000;

/** Of structured content models read the text alone; the pattern of a server could hold up the whole worker. */
const TAKES_ANYTHING: Mcp.jsonSchemaValidator = {
  getValidator<T>(): Mcp.JsonSchemaValidator<T> {
    return (data) => ({ valid: true, data: data as T, errorMessage: undefined });
  },
};

type Options = { log: McpLog; scrub: (text: string) => string };

/** A connection that several calls may share, and that is closed when the last one of them has ended. */
interface Session {
  client: Client;
  calls: number;
  /** The next call makes another one. */
  forget: () => void;
  dropped?: boolean;
}

/**
 * The one connection of a worker to an MCP server: made when it is first used, and again after it broke. A program that
 * was started ends with it; one whose worker is killed reads the end of its standard input.
 */
export class McpConnection {
  private session: Promise<Session> | undefined;
  private transport: Transport | undefined;
  private closed = false;

  constructor(
    private readonly name: string,
    private readonly config: McpServerConfig,
    private readonly options: Options,
  ) {}

  /** Resolves when the server can be used. Rejects with the reason why not; then it is tried again by the next call. */
  async ready(): Promise<void> {
    await this.open();
  }

  /** Runs a call. One that says so drops the connection: the next call makes a new one. */
  async use<T>(call: (client: Client, drop: () => void) => Promise<T>): Promise<T> {
    const session = await this.open();
    session.calls += 1;
    try {
      return await call(session.client, () => this.drop(session));
    } finally {
      session.calls -= 1;
      if (session.dropped && session.calls === 0) this.end(session.client);
    }
  }

  /** Ends the program, or the HTTP session; from then on nothing is begun. */
  async close(): Promise<void> {
    this.closed = true;
    await this.transport?.close();
  }

  private open(): Promise<Session> {
    if (this.session) return this.session;
    if (this.closed) return Promise.reject(new Error('the worker is shutting down'));
    const forget = (): void => {
      if (this.session === opening) this.session = undefined;
    };
    const opening = this.connect().then(
      (client): Session => {
        Object.assign(client, { onclose: forget });
        return { client, calls: 0, forget };
      },
      (error: unknown) => {
        forget();
        throw error;
      },
    );
    this.session = opening;
    return opening;
  }

  private async connect(): Promise<Client> {
    try {
      return await this.connectAs('url' in this.config ? 'auto' : 'legacy');
    } catch (error) {
      // Asked at first, programs of older versions may end by it; those of the newest alone answer with a refusal.
      if (!isRefusal(error) || 'url' in this.config) throw error;
      return this.connectAs('auto');
    }
  }

  private async connectAs(mode: 'auto' | 'legacy'): Promise<Client> {
    // Loaded here: it takes long, and few workers have servers.
    const { Client: McpClient } = require('@modelcontextprotocol/client') as typeof Mcp;
    const options = { versionNegotiation: { mode }, jsonSchemaValidator: TAKES_ANYTHING };
    const client = new McpClient({ name: 'durable-research', version: '1' }, options);
    const transport = 'url' in this.config ? httpTransport(this.config) : this.stdioTransport(this.config);
    this.transport = transport;
    try {
      await client.connect(transport, { timeout: CONNECT_TIMEOUT_MS });
    } catch (error) {
      await transport.close();
      throw error;
    }
    const onerror = (error: Error): void => this.say('warn', `MCP server "${this.name}": ${error.message}`);
    return Object.assign(client, { onerror });
  }

  private stdioTransport({
    command,
    args,
    env,
    cwd,
  }: Extract<McpServerConfig, { command: string }>): StdioClientTransport {
    const { StdioClientTransport: StdioTransport } = require('@modelcontextprotocol/client/stdio') as typeof Stdio;
    const transport = new StdioTransport({ command, args, env, cwd, stderr: 'pipe' });
    const { stderr } = transport;
    if (stderr instanceof Readable)
      createInterface({ input: stderr }).on('line', (line) =>
        this.say('info', `MCP server "${this.name}" says: ${line}`),
      );
    return transport;
  }

  private drop(session: Session): void {
    session.dropped = true;
    session.forget();
  }

  private end(client: Client): void {
    client
      .close()
      .catch((error: unknown) => this.say('warn', `MCP server "${this.name}" was not closed: ${String(error)}`));
  }

  private say(level: 'info' | 'warn', message: string): void {
    const { log, scrub } = this.options;
    log(level, scrub(message).slice(0, MAX_LOG_CHARS), { server: this.name });
  }
}

function httpTransport({ url, headers }: Extract<McpServerConfig, { url: string }>): StreamableHTTPClientTransport {
  const { StreamableHTTPClientTransport: HttpTransport } = require('@modelcontextprotocol/client') as typeof Mcp;
  // A redirect could lead to another host, with the credentials.
  const requestInit: RequestInit = { headers: { ...headers }, redirect: 'error' };
  return new HttpTransport(new URL(url), { requestInit, fetch: boundedFetch });
}
