import Fastify, { type FastifyInstance } from 'fastify';
import { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebhookRefused } from '../openai';
import { type ReceiveOptions, Receiver } from './receive';

/** Where the provider sends its webhooks. */
const WEBHOOK_PATH = '/webhooks/openai';
/** A webhook names a response; it holds nothing of it. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** A request that never ends must not hold up the end of the gateway. */
const REQUEST_LIMIT_MS = 10_000;
/** Longer than a look at a response and telling its run may take. */
const DRAIN_LIMIT_MS = 30_000;

export interface GatewayOptions extends ReceiveOptions {
  /** TCP port; 0 lets the system choose. */
  port: number;
  /** Address to listen on. */
  host: string;
}

/** A gateway that listens. */
export interface Gateway {
  /** Where webhooks are received. */
  url: string;
  port: number;
  /**
   * Takes no more requests, and ends when those that were begun have, or after 30 s. False when some had not: the
   * waits that they would have ended are looked at by their own fallback.
   */
  close(): Promise<boolean>;
}

/** Starts a gateway: it receives the provider's webhooks and tells the runs that wait for them. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const receiver = new Receiver(options);
  // While it closes, requests on connections that are open already are refused with 503, so the provider sends again.
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_LIMIT_MS,
    forceCloseConnections: 'idle',
  });
  readRawBodies(app);
  let closing = false;
  app.addHook('onSend', async (_request, reply) => {
    // A client that keeps its connection after the last answer would hold up the end.
    if (closing) reply.header('connection', 'close');
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.post<{ Body: string | undefined }>(WEBHOOK_PATH, async (request, reply) => {
    const { status, body } = await receiver.receive(request.body ?? '', request.headers);
    return reply.code(status).send(body);
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error instanceof WebhookRefused ? 400 : (error.statusCode ?? 500);
    return reply.code(status).send({ error: { message: status < 500 ? error.message : 'the gateway failed' } });
  });
  await app.listen({ port: options.port, host: options.host });
  const { port } = app.server.address() as AddressInfo;
  const drain = async (): Promise<boolean> => {
    closing = true;
    await app.close();
    await receiver.drained();
    return true;
  };
  const close = async (): Promise<boolean> => {
    const ended = await Promise.race([drain(), delay(DRAIN_LIMIT_MS, false, { ref: false })]);
    if (!ended) app.server.closeAllConnections();
    return ended;
  };
  return { port, url: `http://${options.host}:${port}${WEBHOOK_PATH}`, close };
}

/** The signature is over the bytes as they came. */
function readRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
}
