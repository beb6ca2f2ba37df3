import { type ServerResponse } from 'node:http';
import { createProvider } from '../../openai/adapter';
import { type CreateBody, type Provider, ProviderError, type Reading } from '../../openai/port';
import { type Handler, json, TestServer } from './server';

const BODY: CreateBody = {
  model: 'gpt-5.5',
  input: [{ type: 'message', role: 'user', content: 'hi' }],
  background: true,
  stream: true,
};
const ITEM = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Raft' }] };
const response = (status: string, more: object = {}) => ({
  response: { id: 'resp_1', model: 'gpt-5.5', status, output: [], ...more },
});

let server: TestServer;
afterEach(() => server.stop());

async function providerAt(handler: Handler): Promise<Provider> {
  server = await new TestServer(handler).start();
  return createProvider({ apiKey: 'test', baseURL: server.baseURL });
}

/** Sends events as a stream, without ending it. */
function send(res: ServerResponse, ...events: [type: string, fields?: object][]): void {
  if (!res.headersSent) res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const [index, [type, fields]] of events.entries())
    res.write(`event: ${type}\r\ndata: ${JSON.stringify({ type, sequence_number: index, ...fields })}\r\n\r\n`);
}

async function failure(call: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (!(error instanceof ProviderError)) throw new Error(`expected a ProviderError, got ${String(error)}`);
  return error;
}

test('a background response: its id is the answer, before its stream goes on', async () => {
  const provider = await providerAt((_seen, res) =>
    send(res, ['response.created', response('queued', { background: true })]),
  );
  expect(await provider.createResponse(BODY, 5_000)).toMatchObject({ id: 'resp_1', status: 'queued' });
});

test('the stream of a background response is left when it runs, and not before', async () => {
  let stream: ServerResponse | undefined;
  const provider = await providerAt((_seen, res) => {
    stream = res;
    send(res, ['response.created', response('queued', { background: true })]);
  });
  await provider.createResponse(BODY, 5_000);
  expect(stream?.destroyed).toBe(false);
  const closed = new Promise((resolve) => stream?.once('close', resolve));
  send(stream!, ['response.in_progress', response('in_progress', { background: true })]);
  await closed;
});

test.each<[string, object]>([
  ['says that it was ignored', { background: false }],
  ['leaves it out', {}],
])('a server that ignores background and %s: the stream is read to its end', async (_name, said) => {
  const told: string[] = [];
  const reading: Reading = { onForeground: (id) => told.push(id), onEvent: ({ type }) => told.push(type) };
  const provider = await providerAt((_seen, res) => {
    send(
      res,
      ['response.created', response('in_progress', said)],
      ['response.output_item.done', { item: ITEM }],
      ['response.completed', response('completed', said)],
    );
    res.end('data: [DONE]\n\n');
  });
  // The items were sent in their own events alone.
  expect(await provider.createResponse(BODY, 5_000, reading)).toMatchObject({ status: 'completed', output: [ITEM] });
  expect(told).toEqual(['resp_1', 'response.created', 'response.output_item.done', 'response.completed']);
});

test('a server that ignores the stream too: its answer is the response', async () => {
  const provider = await providerAt((_seen, res) => json(res, response('completed', { output: [ITEM] }).response));
  expect(await provider.createResponse(BODY, 5_000)).toMatchObject({ status: 'completed', output: [ITEM] });
});

test.each<[string, [string, object?][], RegExp]>([
  ['ends before its response', [['response.created', response('in_progress')]], /resp_1 ended before its response/],
  [
    'ends with an error, as on the wire',
    [
      ['response.created', response('in_progress')],
      ['error', { error: { message: 'wfr_1' } }],
    ],
    /ended before its response: wfr_1/,
  ],
  ['ends with an error, as specified', [['error', { message: 'too much' }]], /before it named a response: too much/],
])('a stream that %s may have been billed', async (_name, events, message) => {
  const provider = await providerAt((_seen, res) => {
    send(res, ...events);
    res.end();
  });
  const error = await failure(provider.createResponse(BODY, 5_000));
  expect([error.type, error.message]).toEqual(['CreateAmbiguous', expect.stringMatching(message)]);
});

test('an error is no end where the end follows it', async () => {
  const provider = await providerAt((_seen, res) => {
    const failed = response('failed', { error: { code: 'server_error', message: 'it broke' } });
    send(
      res,
      ['response.created', response('in_progress')],
      ['error', { error: { message: 'x' } }],
      ['response.failed', failed],
    );
  });
  expect(await provider.createResponse(BODY, 5_000)).toMatchObject({
    status: 'failed',
    error: { message: 'it broke' },
  });
});

test('the time-out covers the first event, and not the stream', async () => {
  const silent = await providerAt((_seen, res) =>
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
  );
  expect((await failure(silent.createResponse(BODY, 200))).type).toBe('CreateAmbiguous');
  await server.stop();
  const slow = await providerAt((_seen, res) => {
    send(res, ['response.created', response('in_progress')]);
    setTimeout(() => send(res, ['response.completed', response('completed', { output: [ITEM] })]), 400);
  });
  expect((await slow.createResponse(BODY, 200)).status).toBe('completed');
});

test.each<[background: boolean | undefined]>([[true], [undefined]])(
  'the signal closes a foreground stream (background: %s)',
  async (background) => {
    let closed: Promise<unknown> | undefined;
    const provider = await providerAt((_seen, res) => {
      closed = new Promise((resolve) => res.once('close', resolve));
      send(res, ['response.created', response('in_progress')]);
    });
    const { signal, ...control } = controller();
    const call = provider.createResponse({ ...BODY, background }, 5_000, { signal, onForeground: control.abort });
    expect((await failure(call)).type).toBe('CreateAmbiguous');
    await closed;
  },
);

test('the signal does not close a stream before it is known whether its response runs in the background', async () => {
  const { signal, abort } = controller();
  const provider = await providerAt((_seen, res) => {
    abort();
    setTimeout(() => send(res, ['response.created', response('queued', { background: true })]), 100);
  });
  expect((await provider.createResponse(BODY, 5_000, { signal })).id).toBe('resp_1');
});

function controller(): { signal: AbortSignal; abort: () => void } {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}

async function eventsOf(provider: Provider, startingAfter?: number): Promise<string[]> {
  const types: string[] = [];
  const { signal } = controller();
  for await (const { type } of provider.followResponse('resp_1', { signal, startingAfter })) types.push(type);
  return types;
}

describe('following', () => {
  test('asks for what comes after the event that is known', async () => {
    const provider = await providerAt((seen, res) => {
      send(res, [`${seen.query.get('stream')} ${seen.query.get('starting_after')}`]);
      res.end(': a comment\n\ndata: no JSON\n\ndata: [DONE]\n\n');
    });
    expect(await eventsOf(provider)).toEqual(['true null']);
    expect(await eventsOf(provider, 7)).toEqual(['true 7']);
  });

  test.each<[string, Handler, string]>([
    [
      'is refused',
      (_seen, res) => json(res, { error: { message: 'not created with stream=true' } }, 400),
      'InvalidRequest',
    ],
    ['is not found', (_seen, res) => json(res, { error: { message: 'not found' } }, 404), 'ResponseLost'],
    ['is no stream', (_seen, res) => json(res, response('queued').response), 'InvalidRequest'],
    [
      'breaks off',
      (_seen, res) => {
        send(res, ['response.created', response('queued')]);
        setTimeout(() => res.destroy(), 20);
      },
      'ProviderUnavailable',
    ],
  ])('a stream that %s', async (_name, handler, type) => {
    const provider = await providerAt(handler);
    expect((await failure(eventsOf(provider))).type).toBe(type);
  });
});

test('odd fields of an event, and a last event without its blank line, do not cost the answer', async () => {
  const provider = await providerAt((_seen, res) => {
    send(
      res,
      ['response.created', { sequence_number: null, item: null, ...response('in_progress', { status: null }) }],
      ['response.output_item.done', { sequence_number: -1, item: ITEM }],
    );
    res.end(`data: ${JSON.stringify({ type: 'response.completed', sequence_number: '9', ...response('completed') })}`);
  });
  expect(await provider.createResponse(BODY, 5_000)).toMatchObject({ status: 'completed', output: [ITEM] });
});

test('characters that are split over chunks are whole', async () => {
  const bytes = Buffer.from(
    `data: ${JSON.stringify({ type: 'response.completed', ...response('completed', { output: [{ ...ITEM, content: [{ type: 'output_text', text: 'Ражт 🙂' }] }] }) })}\n\n`,
  );
  const provider = await providerAt(async (_seen, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const byte of bytes) {
      res.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    res.end();
  });
  expect(JSON.stringify(await provider.createResponse({ ...BODY, background: undefined }, 5_000))).toContain('Ражт 🙂');
});
