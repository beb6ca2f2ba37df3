import { timingSafeEqual, createHash } from 'node:crypto';
import { type AddressInfo } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { DecryptionError, fromWire, type PayloadCodec, toWire, wirePayloadsSchema } from '../codec';

/** More than a page of history of Temporal's UI, and than the largest payload that Temporal takes, in base64. */
const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** Options of {@link startCodecServer}. */
export interface CodecServerOptions {
  /** TCP port; 0 lets the system choose. */
  port: number;
  /** Address to listen on. */
  host: string;
  codec: PayloadCodec;
  /** Browsers' origins that may ask, such as `http://localhost:8233`: those of Temporal's UI. None: no browser may. */
  origins: readonly string[];
  /** Asked for as `Authorization: Bearer …`; undefined: nobody is asked. Must never be printed. */
  token?: string;
}

/** A codec server that listens. */
export interface CodecServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

/**
 * Starts a codec server: it decrypts for Temporal's UI and CLI what they get from the server, and encrypts what they send
 * (`POST /encode`, `POST /decode`, each `{"payloads": [{"metadata": …, "data": …}]}` with base64 inside).
 */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const app = Fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: 'idle' });
  // A browser sends text to anybody without asking first.
  app.removeContentTypeParser('text/plain');
  allowOrigins(app, options.origins);
  if (options.token !== undefined) askForToken(app, options.token);
  app.get('/healthz', async () => ({ status: 'ok' }));
  for (const operation of ['encode', 'decode'] as const) {
    app.post(`/${operation}`, async (request) => {
      const { payloads } = wirePayloadsSchema.parse(request.body);
      return { payloads: (await options.codec[operation](payloads.map(fromWire))).map(toWire) };
    });
  }
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = statusOf(error);
    return reply.code(status).send({ error: { message: status < 500 ? messageOf(error) : 'the codec server failed' } });
  });
  await app.listen({ port: options.port, host: options.host });
  const { port } = app.server.address() as AddressInfo;
  return { port, url: `http://${options.host}:${port}`, close: () => app.close() };
}

/** Only pages of these origins may read answers; their browsers ask first (OPTIONS). */
function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    void reply.header('vary', 'origin');
    if (origin === undefined) return undefined;
    if (!origins.includes(origin)) {
      return reply
        .code(403)
        .send({ error: { message: `the origin ${origin} may not ask; allow it by --origin ${origin}` } });
    }
    void reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': 'authorization, content-type, x-namespace',
    });
    return request.method === 'OPTIONS' ? reply.code(204).send() : undefined;
  });
}

function askForToken(app: FastifyInstance, token: string): void {
  const expected = digest(`Bearer ${token}`);
  app.addHook('onRequest', async (request, reply) => {
    const { url, headers } = request;
    if (url === '/healthz' || timingSafeEqual(digest(headers.authorization ?? ''), expected)) return undefined;
    return reply
      .code(401)
      .send({ error: { message: 'expected the header "Authorization: Bearer …" with DURABLE_RESEARCH_CODEC_TOKEN' } });
  });
}

/** Of one length, so that the time of a comparison tells nothing. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function statusOf(error: FastifyError): number {
  if (error.name === 'ZodError' || error instanceof DecryptionError) return 400;
  return error.statusCode ?? 500;
}

function messageOf(error: FastifyError): string {
  return error.name === 'ZodError'
    ? 'expected {"payloads": [{"metadata": {…}, "data": …}]} with values in base64'
    : error.message;
}
