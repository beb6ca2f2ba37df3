import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo } from 'node:net';

/** One page of a server of tests. */
export type Page = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** A real web server on an address of its own; counts whoever connects. */
export class WebServer {
  connections = 0;

  private constructor(
    private readonly server: http.Server,
    readonly port: number,
    private readonly host: string,
  ) {
    server.on('connection', () => (this.connections += 1));
  }

  static async start(pages: Record<string, Page>, { host = '127.0.0.1', port = 0 } = {}): Promise<WebServer> {
    const server = http.createServer((request, response) => {
      const answer = pages[request.url ?? ''];
      if (answer) answer(request, response);
      else response.writeHead(404).end();
    });
    await once(server.listen(port, host), 'listening');
    return new WebServer(server, (server.address() as AddressInfo).port, host);
  }

  url(path: string): string {
    return `http://${this.host}:${this.port}${path}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** A page of a type, whole. */
export function page(type: string, body: string | Buffer, headers: Record<string, string> = {}): Page {
  return (_request, response) => response.writeHead(200, { 'content-type': type, ...headers }).end(body);
}

/** A redirect. */
export function redirect(to: string | (() => string), status = 302): Page {
  return (_request, response) => response.writeHead(status, { location: typeof to === 'string' ? to : to() }).end();
}
