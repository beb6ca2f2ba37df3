import Fastify, { type FastifyInstance } from 'fastify';
import { type AddressInfo } from 'node:net';
import { WebhookRefused } from '../openai';
import { type ReceiveOptions, Receiver } from './receive';

/** Where the provider sends its webhooks. */
const WEBHOOK_PATH = '/webhooks/openai';
/** A webhook names a response; it holds nothing of it. */
const BODY_LIMIT_BYTES = 64 * 1024;

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
  /** Takes no more requests, and ends when those that were begun have. */
  close(): Promise<void>;
}

/** Starts a gateway: it receives the provider's webhooks and tells the runs that wait for them. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const receiver = new Receiver(options);
  const app = Fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: 'idle' });
  readRawBodies(app);
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
  const close = async (): Promise<void> => {
    await app.close();
    await receiver.drained();
  };
  return { port, url: `http://${options.host}:${port}${WEBHOOK_PATH}`, close };
}

/** The signature is over the bytes as they came. */
function readRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
}
