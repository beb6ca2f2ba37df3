import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { errorCode, reportUnexpected } from '../error-code';
import { EMULATOR_NAME } from '../identity';
import { newId } from '../ids';
import { ApiError, badRequest, DropConnection, HtmlPage } from './errors';
import { answerUnrouted } from './methods';

const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
/** Ids that are longer than any of ours are still looked for. */
const MAX_PARAM_LENGTH = 1000;
const JSON_BODY_ERROR =
  'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)';

const PROTOTYPE = '__proto__';

/** What is wrong with a request that never becomes one, by the parser's code. */
const BAD_HTTP: Readonly<Record<string, readonly [status: string, reason: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers of the request are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
};

/** An HTTP server with the API's headers, authentication and error envelopes, and no routes yet. */
export function createServer(apiKey: string | undefined): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    clientErrorHandler: refuseBadHttp,
    frameworkErrors: answerError,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
  });
  app.addHook('onRequest', async (request) => authenticate(request, apiKey));
  app.addHook('onSend', async (_request, reply) => addHeaders(reply));
  parseJsonBodies(app);
  answerUnrouted(app);
  app.setErrorHandler(answerError);
  return app;
}

function authenticate(request: FastifyRequest, apiKey: string | undefined): void {
  const isAdmin = request.url.startsWith('/emulator/') && apiKey === undefined;
  // What a path takes is asked without a key.
  if (isAdmin || request.method === 'OPTIONS') return;
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
  app.removeAllContentTypeParsers();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    try {
      const text = typeof body === 'string' ? body : decoder.decode(body);
      const value: unknown = JSON.parse(text, text.includes(PROTOTYPE) ? refusePrototype : undefined);
      done(null, value);
    } catch (error) {
      done(error instanceof ApiError ? error : badRequest(JSON_BODY_ERROR));
    }
  });
}

/** A field of this name would vanish on its way through objects, so it is named instead. */
function refusePrototype(key: string, value: unknown): unknown {
  if (key === PROTOTYPE) throw badRequest(`Unknown parameter: '${PROTOTYPE}'.`, PROTOTYPE, 'unknown_parameter');
  return value;
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
  const known = error instanceof ApiError ? error : fromFastify(error, request);
  void reply.code(known.status).headers(known.headers).send(known.toBody());
}

function fromFastify(error: FastifyError | Error, request: FastifyRequest): ApiError {
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status === 415) return unsupportedType(request.headers['content-type'] ?? '');
  if (status >= 400 && status < 500) return new ApiError(status, error.message);
  // Bodies nested thousands of levels deep exhaust the stack of whatever walks them.
  if (error.name === 'RangeError' && /call stack/.test(error.message))
    return badRequest('The body is nested too deeply.');
  const clientLeft = errorCode(error) === 'ERR_STREAM_PREMATURE_CLOSE' && request.raw.socket.destroyed;
  if (!clientLeft) reportUnexpected(error);
  return new ApiError(500, 'The server had an error while processing your request.', { type: 'server_error' });
}

function unsupportedType(type: string): ApiError {
  return badRequest(
    `Unsupported content type: '${type}'. This API method only accepts 'application/json' requests, but you specified ` +
      `the header 'Content-Type: ${type}'. Please try again with a supported content type.`,
    undefined,
    'unsupported_content_type',
  );
}

function refuseBadHttp(error: Error, socket: { writable: boolean; end: (data: string) => unknown }): void {
  if (!socket.writable) return;
  const [status, reason] = BAD_HTTP[errorCode(error) ?? ''] ?? ['400 Bad Request', 'The request is not valid HTTP.'];
  const body = JSON.stringify(new ApiError(400, reason).toBody());
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
}
