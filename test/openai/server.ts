import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A request as it came over the wire. */
export type Seen = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
};
export type Handler = (seen: Seen, res: ServerResponse) => void | Promise<void>;

/** A small HTTP server on a free port: what a test needs to see of the wire, and to break. */
export class TestServer {
  readonly seen: Seen[] = [];
  private server: Server | undefined;

  constructor(public handler: Handler) {}

  async start(): Promise<this> {
    this.server = createServer((req, res) => {
      void this.serve(req, res);
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    return this;
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const url = new URL(req.url ?? '/', 'http://localhost');
    const seen: Seen = {
      method: req.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: req.headers,
      body: Buffer.concat(chunks).toString('latin1'),
    };
    this.seen.push(seen);
    await this.handler(seen, res);
  }

  get port(): number {
    if (!this.server) throw new Error('start the server first');
    return (this.server.address() as AddressInfo).port;
  }

  get baseURL(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
  }
}

/** Answers with JSON. */
export function json(res: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify(body));
}

/** Answers with the API's error envelope. */
export function apiError(
  res: ServerResponse,
  status: number,
  error: { message?: string; code?: string; param?: string } = {},
): void {
  json(res, { error: { message: 'no', type: 'invalid_request_error', code: null, param: null, ...error } }, status);
}
