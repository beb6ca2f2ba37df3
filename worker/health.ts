import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type Worker } from '@temporalio/worker';

/** Where a worker listens, as `host:port`. */
export interface Address {
  host: string;
  port: number;
}

/**
 * Answers `GET /healthz` for load balancers and orchestrators: 200 while the worker polls, 503 with its state otherwise,
 * so also while it drains.
 */
export async function serveHealth(worker: Pick<Worker, 'getState'>, { host, port }: Address): Promise<Server> {
  const server = createServer((request, response) => {
    const state = worker.getState();
    const known = request.url?.split('?')[0] === '/healthz';
    const status = known ? (state === 'RUNNING' ? 200 : 503) : 404;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(known ? { state } : {}));
  });
  server.listen(port, host);
  await once(server, 'listening');
  server.unref();
  return server;
}
