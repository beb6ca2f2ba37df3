import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { reportUnexpected } from '../error-code';
import { EMULATOR_NAME } from '../identity';
import { newId } from '../ids';
import { ApiError, badRequest, DropConnection, HtmlPage } from './errors';

const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
const JSON_BODY_ERROR =
  'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)';

/** An HTTP server with the API's headers, authentication and error envelopes, and no routes yet. */
export function createServer(apiKey: string | undefined): FastifyInstance {
  const app = Fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true, clientErrorHandler: refuseBadHttp });
  app.addHook('onRequest', async (request) => authenticate(request, apiKey));
  app.addHook('onSend', async (_request, reply) => addHeaders(reply));
  parseJsonBodies(app);
  app.setNotFoundHandler((request) => {
    throw new ApiError(404, `Invalid URL (${request.method} ${request.url.split('?')[0] ?? ''})`);
  });
  app.setErrorHandler(answerError);
  return app;
}

function authenticate(request: FastifyRequest, apiKey: string | undefined): void {
  const isAdmin = request.url.startsWith('/emulator/') && apiKey === undefined;
  if (isAdmin) return;
  const token = /^Bearer\s+(\S.*)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) {
    throw new ApiError(
      401,
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth " +
        '(i.e. Authorization: Bearer YOUR_KEY). This emulator accepts any key unless it was started with one.',
    );
  }
  if (apiKey !== undefined && !sameText(token, apiKey)) {
    throw new ApiError(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });
  }
}

function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function addHeaders(reply: FastifyReply): void {
  void reply.headers({
    'openai-processing-ms': String(Math.round(reply.elapsedTime)),
    'openai-version': '2020-10-01',
    'openai-organization': 'emulator',
    'openai-project': 'proj_emulator',
    'x-request-id': newId('req'),
    'x-emulator': EMULATOR_NAME,
  });
}

/** Bodies are decoded strictly, and an empty one is no body: clients send content-type with a bodyless POST. */
function parseJsonBodies(app: FastifyInstance): void {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    try {
      const value: unknown = JSON.parse(typeof body === 'string' ? body : decoder.decode(body));
      done(null, value);
    } catch {
      done(badRequest(JSON_BODY_ERROR));
    }
  });
}

function answerError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof DropConnection) {
    reply.hijack();
    request.raw.socket.destroy();
    return;
  }
  if (error instanceof HtmlPage) {
    void reply.code(error.status).type('text/html').send(error.toBody());
    return;
  }
  const known = error instanceof ApiError ? error : fromFastify(error);
  void reply.code(known.status).headers(known.headers).send(known.toBody());
}

function fromFastify(error: FastifyError | Error): ApiError {
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status >= 400 && status < 500) return new ApiError(status, error.message);
  // Bodies nested thousands of levels deep exhaust the stack of whatever walks them.
  if (error.name === 'RangeError' && /call stack/.test(error.message))
    return badRequest('The body is nested too deeply.');
  reportUnexpected(error);
  return new ApiError(500, 'The server had an error while processing your request.', { type: 'server_error' });
}

function refuseBadHttp(_error: Error, socket: { writable: boolean; end: (data: string) => unknown }): void {
  if (!socket.writable) return;
  const body = JSON.stringify(new ApiError(400, 'The request is not valid HTTP.').toBody());
  const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
}
