import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createProvider } from '../../openai/adapter';
import { type CreateBody, type Provider, ProviderError } from '../../openai/port';
import { apiError, type Handler, json, TestServer } from './server';

const API_KEY = 'sk-test-abcdefghijklmnopqrstuvwxyz';
const BODY: CreateBody = {
  model: 'gpt-5.5',
  input: [{ type: 'message', role: 'user', content: 'hi' }],
  background: true,
};
const RESPONSE = { id: 'resp_1', object: 'response', status: 'queued', model: 'gpt-5.5', output: [], usage: null };

const servers: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function providerAt(handler: Handler): Promise<{ provider: Provider; server: TestServer }> {
  const server = await new TestServer(handler).start();
  servers.push(server);
  return { server, provider: createProvider({ apiKey: API_KEY, baseURL: server.baseURL }) };
}

async function failure(call: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProviderError)) throw new Error(`expected a ProviderError, got ${String(error)}`);
  expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain(API_KEY);
  return error;
}

/** A TCP server that does something to the bytes of a connection. */
async function tcp(onData: (socket: Socket) => void): Promise<Provider> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => onData(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  servers.push({ stop });
  const { port } = server.address() as AddressInfo;
  return createProvider({ apiKey: API_KEY, baseURL: `http://127.0.0.1:${port}/v1` });
}

describe('createResponse', () => {
  it('sends the body once, with the key, and returns the response', async () => {
    const { provider, server } = await providerAt((_, res) => json(res, RESPONSE));
    expect(await provider.createResponse(BODY, 5_000)).toMatchObject({ id: 'resp_1', status: 'queued' });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/v1/responses' });
    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${API_KEY}`);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual(BODY);
  });

  it('sends nothing while the requests are used up that an answer has told of', async () => {
    const used = {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1m0s',
    };
    const { provider, server } = await providerAt((_, res) => json(res, RESPONSE, 200, used));
    provider.assertRoom('gpt-5.5', false);
    await provider.createResponse(BODY, 5_000);
    const held = await failure(provider.createResponse(BODY, 5_000));
    expect(held).toMatchObject({
      type: 'HeldBack',
      message: expect.stringContaining('the requests a minute of gpt-5.5'),
    });
    expect(held.retryAfterMs).toBeGreaterThan(3_000);
    expect(() => provider.assertRoom('gpt-5.5', true)).toThrow(/held back before it was sent/);
    expect(() => provider.assertRoom('gpt-4.1', false)).not.toThrow();
    expect(server.seen).toHaveLength(1);
  });

  it('reads the limits from a refusal, also of a stream, and lets what is small enough pass', async () => {
    const used = {
      'x-ratelimit-limit-tokens': '600000',
      'x-ratelimit-remaining-tokens': '40000',
      'x-ratelimit-reset-tokens': '56s',
    };
    const refusal = { error: { message: 'Rate limit reached', type: 'tokens', code: 'rate_limit_exceeded' } };
    const { provider, server } = await providerAt((_, res) => json(res, refusal, 429, used));
    const large = { ...BODY, stream: true, max_output_tokens: 50_000 };
    expect(await failure(provider.createResponse(large, 5_000))).toMatchObject({ type: 'RateLimited' });
    expect(await failure(provider.createResponse(large, 5_000))).toMatchObject({ type: 'HeldBack' });
    expect(await failure(provider.createResponse(BODY, 5_000))).toMatchObject({ type: 'RateLimited' });
    expect(server.seen).toHaveLength(2);
  });

  it.each([
    [429, 'RateLimited'],
    [408, 'ProviderUnavailable'],
    [409, 'ProviderUnavailable'],
    [500, 'CreateAmbiguous'],
    [503, 'CreateAmbiguous'],
  ])('never repeats itself: one request for a %s', async (status, type) => {
    const { provider, server } = await providerAt((_, res) => apiError(res, status));
    expect((await failure(provider.createResponse(BODY, 5_000))).type).toBe(type);
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    ['odd fields', { ...RESPONSE, output: null, model: 7 }],
    ['no output', { id: 'resp_1' }],
  ])('keeps the id of an answer with %s', async (_, body) => {
    const { provider } = await providerAt((_seen, res) => json(res, body));
    expect(await provider.createResponse(BODY, 5_000)).toEqual({
      id: 'resp_1',
      status: 'queued',
      model: 'gpt-5.5',
      output: [],
    });
  });

  it('keeps the id of an answer that breaks off', async () => {
    const provider = await tcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n');
      socket.write('{"id": "resp_half", "object": "response", "status": "que', () =>
        setTimeout(() => socket.destroy(), 20),
      );
    });
    expect(await provider.createResponse(BODY, 5_000)).toMatchObject({ id: 'resp_half', status: 'queued' });
  });

  it.each([
    ['no JSON', '<html>ok</html>'],
    ['JSON without an id', '{"object":"response"}'],
    ['nothing', ''],
  ])('is ambiguous with an answer that is %s', async (_, body) => {
    const { provider } = await providerAt((_seen, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(body);
    });
    expect((await failure(provider.createResponse(BODY, 5_000))).type).toBe('CreateAmbiguous');
  });

  it('is ambiguous when no answer comes in time, before the headers or in the body', async () => {
    const silent = await tcp(() => undefined);
    const start = Date.now();
    const error = await failure(silent.createResponse(BODY, 200));
    expect(error.type).toBe('CreateAmbiguous');
    expect(error.message).toContain('no answer came in time');
    expect(Date.now() - start).toBeLessThan(3_000);

    const halfway = await tcp((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{'));
    expect((await failure(halfway.createResponse(BODY, 200))).type).toBe('CreateAmbiguous');
  });

  it.each([
    ['closed', (socket: Socket) => socket.end()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('is ambiguous when the connection is %s after the request', async (_, onData) => {
    const provider = await tcp(onData);
    const error = await failure(provider.createResponse(BODY, 5_000));
    expect(error.type).toBe('CreateAmbiguous');
    expect(error.message).toMatch(/UND_ERR_SOCKET|ECONNRESET/);
  });
});

describe('a connection that is never made', () => {
  it.each([
    ['a port where nobody listens', 'ECONNREFUSED', async () => `http://127.0.0.1:${await freePort()}/v1`],
    ['a name that does not exist', 'ENOTFOUND|EAI_AGAIN', () => Promise.resolve('http://no-such-host.invalid/v1')],
    ['a server that speaks no TLS', 'ERR_SSL|EPROTO', async () => `https://127.0.0.1:${await plainPort()}/v1`],
  ])('costs nothing: %s', async (_, code, baseURL) => {
    const provider = createProvider({ apiKey: API_KEY, baseURL: await baseURL() });
    for (const call of [() => provider.createResponse(BODY, 5_000), () => provider.retrieveResponse('resp_1')]) {
      const error = await failure(call());
      expect(error.type).toBe('ProviderUnavailable');
      expect(error.message).toMatch(new RegExp(code));
      expect(error.message).toContain('OPENAI_BASE_URL');
    }
  });
});

async function plainPort(): Promise<number> {
  const { server } = await providerAt((_, res) => json(res, RESPONSE));
  return server.port;
}

async function freePort(): Promise<number> {
  const server = await new TestServer(() => undefined).start();
  const { port } = server;
  await server.stop();
  return port;
}

describe('reads', () => {
  it('retrieves a response, fields it does not know included', async () => {
    const { provider, server } = await providerAt((_, res) =>
      json(res, { ...RESPONSE, status: 'completed', billing: {} }),
    );
    expect(await provider.retrieveResponse('resp_1')).toMatchObject({ status: 'completed', billing: {} });
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: '/v1/responses/resp_1' });
  });

  it('names the id of a response that the provider does not know', async () => {
    const { provider, server } = await providerAt((_, res) =>
      apiError(res, 404, { message: "Response with id 'resp_9' not found." }),
    );
    const error = await failure(provider.retrieveResponse('resp_9'));
    expect(error.type).toBe('ResponseLost');
    expect(error.message).toContain('resp_9');
    expect(error.message).toContain(server.baseURL);
  });

  it('takes a broken answer for an outage, not for an empty one', async () => {
    const { provider } = await providerAt((_, res) => {
      res.writeHead(200, { 'content-type': 'text/html' });
      res.end('<html>maintenance</html>');
    });
    for (const call of [
      () => provider.retrieveResponse('resp_1'),
      () => provider.inputItems('resp_1'),
      () => provider.newestConversationItems('conv_1', 3),
      () => provider.createConversation(),
      () => provider.cancelResponse('resp_1'),
    ]) {
      expect((await failure(call())).type).toBe('ProviderUnavailable');
    }
  });

  it('reads every page of the input, oldest first', async () => {
    const all = Array.from({ length: 250 }, (_, i) => ({ id: `msg_${i}`, type: 'message' }));
    const { provider, server } = await providerAt(({ query }, res) => {
      const from = query.has('after') ? all.findIndex(({ id }) => id === query.get('after')) + 1 : 0;
      const data = all.slice(from, from + Number(query.get('limit')));
      json(res, { object: 'list', data, has_more: from + data.length < all.length });
    });
    const items = await provider.inputItems('resp_1');
    expect(items.map((item) => item['id'])).toEqual(all.map(({ id }) => id));
    expect(server.seen.map(({ query }) => query.get('order'))).toEqual(['asc', 'asc', 'asc']);
  });

  it('ends at a server that gives the same page for ever', async () => {
    const { provider } = await providerAt((_, res) =>
      json(res, { data: [{ id: 'a', type: 'message' }], has_more: true }),
    );
    expect(await provider.inputItems('resp_1')).toHaveLength(2);
  });

  it('makes a conversation and reads its newest items', async () => {
    const { provider, server } = await providerAt(({ method }, res) =>
      method === 'POST'
        ? json(res, { id: 'conv_1', object: 'conversation' })
        : json(res, { data: [{ id: 'msg_2', type: 'message' }], has_more: true }),
    );
    expect(await provider.createConversation()).toBe('conv_1');
    expect(await provider.newestConversationItems('conv_1', 5)).toEqual([{ id: 'msg_2', type: 'message' }]);
    expect(server.seen[1]?.query.toString()).toBe('order=desc&limit=5');
  });

  it('says so when the base URL leads to nothing', async () => {
    const { provider } = await providerAt((_, res) => apiError(res, 404, { message: 'Unknown request URL' }));
    const error = await failure(provider.createConversation());
    expect(error.type).toBe('InvalidRequest');
    expect(error.message).toMatch(/could not create a conversation.*OPENAI_BASE_URL/);
  });
});

describe('cancelResponse', () => {
  it('returns the response as the cancel left it', async () => {
    const { provider, server } = await providerAt((_, res) => json(res, { ...RESPONSE, status: 'cancelled' }));
    expect((await provider.cancelResponse('resp_1')).status).toBe('cancelled');
    expect(server.seen.map(({ path }) => path)).toEqual(['/v1/responses/resp_1/cancel']);
  });

  it('returns a response that had ended as it is', async () => {
    const { provider } = await providerAt(({ method }, res) =>
      method === 'POST'
        ? apiError(res, 400, { message: 'Cannot cancel a completed response.' })
        : json(res, { ...RESPONSE, status: 'completed' }),
    );
    expect((await provider.cancelResponse('resp_1')).status).toBe('completed');
  });

  it('does not take another refusal for an end', async () => {
    const { provider } = await providerAt(({ method }, res) =>
      method === 'POST'
        ? apiError(res, 400, { message: 'Cannot cancel a synchronous response.' })
        : json(res, { ...RESPONSE, status: 'in_progress' }),
    );
    const error = await failure(provider.cancelResponse('resp_1'));
    expect(error.type).toBe('InvalidRequest');
    expect(error.message).toMatch(/could not cancel resp_1.*synchronous/);
  });
});

describe('createProvider', () => {
  it.each([
    [{}, 'https://api.openai.com/v1'],
    [{ baseURL: 'HTTPS://API.Example.com:443/v1//' }, 'https://api.example.com/v1'],
    [{ baseURL: 'http://localhost:8080' }, 'http://localhost:8080'],
    [{ baseURL: 'http://localhost:8080/v1', organization: 'org-1' }, 'http://localhost:8080/v1#org-1'],
    [{ baseURL: 'http://localhost:8080/v1', origin: 'offline-emulator' }, 'offline-emulator'],
  ])('names its origin: %j', (settings, origin) => {
    expect(createProvider({ apiKey: API_KEY, ...settings }).origin).toBe(origin);
  });

  it.each([
    ['credentials', { baseURL: 'https://user:hunter2@example.com/v1' }, 'baseURL: holds credentials'],
    ['a query', { baseURL: 'https://example.com/v1?key=hunter2' }, 'no query'],
    ['no URL', { baseURL: 'hunter2' }, 'OPENAI_BASE_URL'],
    ['another protocol', { baseURL: 'ftp://hunter2/v1' }, 'OPENAI_BASE_URL'],
    ['a line break in the key', { apiKey: 'hunter2\n' }, 'OPENAI_API_KEY'],
    ['an empty key', { apiKey: '' }, 'OPENAI_API_KEY'],
  ])('refuses %s without showing it', (_, settings, message) => {
    const create = (): Provider => createProvider({ apiKey: API_KEY, ...settings });
    expect(create).toThrow(message);
    expect(create).not.toThrow(/hunter2/);
  });

  it('sends organisation and project, and reads neither from the environment', async () => {
    const { server } = await providerAt((_, res) => json(res, RESPONSE));
    process.env['OPENAI_ORG_ID'] = 'org-of-the-environment';
    try {
      const { baseURL } = server;
      await createProvider({ apiKey: API_KEY, baseURL }).retrieveResponse('resp_1');
      await createProvider({ apiKey: API_KEY, baseURL, organization: 'org-1', project: 'proj-1' }).retrieveResponse(
        'resp_1',
      );
    } finally {
      delete process.env['OPENAI_ORG_ID'];
    }
    expect(server.seen.map(({ headers }) => headers['openai-organization'])).toEqual([undefined, 'org-1']);
    expect(server.seen[1]?.headers['openai-project']).toBe('proj-1');
  });
});
