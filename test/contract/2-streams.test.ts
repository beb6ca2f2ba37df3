import { APIError, NotFoundError } from 'openai';
import { startRig, untilEnded, type Rig } from '../emulator/helpers';
import { advance, eventsOf, idOf, open, readRaw, shape, streamOf, type Event } from '../emulator/streams';

const BODY = { model: 'gpt-4.1', input: 'What is Raft?', max_output_tokens: 30 };
const DELTA = 'response.output_text.delta';

let rig: Rig;
const rigs: Rig[] = [];
beforeAll(async () => {
  rig = await startRig({ seconds: 0 });
});
afterEach(() => Promise.all(rigs.splice(0).map((other) => other.stop())));
afterAll(() => rig.stop());

/** An emulator of a test's own. */
async function another(options: Parameters<typeof startRig>[0]): Promise<Rig> {
  const other = await startRig({ seconds: 0, ...options });
  rigs.push(other);
  return other;
}

function isPadded(event: Event): boolean {
  return 'obfuscation' in event;
}

function fault(plan: string): object {
  return { input: 'What is Raft?', metadata: { emulator_fault: plan, emulator_fault_key: plan } };
}

describe('order and frames', () => {
  test('a background stream is created (queued), queued, in progress, then its items, then its end, numbered from 0', async () => {
    const { status, contentType, text } = await readRaw(rig, '/responses', { ...BODY, background: true, stream: true });
    expect([status, contentType]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const events = eventsOf(text);
    expect(shape(events)).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      DELTA,
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()]);
    expect(events.flatMap(({ response }) => response?.status ?? [])).toEqual([
      'queued',
      'queued',
      'in_progress',
      'incomplete',
    ]);
  });

  test('frames are an event line, a data line and a blank one: no id, and no [DONE] at the end', async () => {
    const { text } = await readRaw(rig, '/responses', { ...BODY, background: true, stream: true });
    const lines = text.split('\n').filter((line) => line !== '');
    expect(lines.filter((line) => !/^(?:event: |data: \{)/.test(line))).toEqual([]);
    expect(text).toMatch(/\}\n\n$/);
  });

  test('a foreground stream skips queued: created says in_progress', async () => {
    const events = await streamOf(rig, { input: 'What is Raft?', background: false });
    expect(shape(events).slice(0, 3)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
    ]);
    expect(events[0]).toMatchObject({ sequence_number: 0, response: { status: 'in_progress', background: false } });
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { status: 'completed' } });
  });

  test('citations are announced one by one before the text is done', async () => {
    const events = await streamOf(rig, { input: 'What is Raft?' });
    const noted = events.filter(({ type }) => type === 'response.output_text.annotation.added');
    const part = events.find(({ type }) => type === 'response.content_part.done')?.['part'];
    expect(part).toMatchObject({ annotations: noted.map(({ annotation }) => annotation) });
    expect(noted.map((event) => event['annotation_index'])).toEqual([...noted.keys()]);
    expect(noted.length).toBeGreaterThan(0);
  });

  test('the deltas of a text are that text, and no item is whole when it is added', async () => {
    const events = await streamOf(rig, { input: 'Explain Paxos.', model: 'gpt-5', reasoning: { summary: 'auto' } });
    const done = events.find(({ type }) => type === 'response.output_text.done');
    expect(events.flatMap(({ type, delta }) => (type === DELTA ? [delta] : [])).join('')).toBe(done?.['text']);
    expect(events.flatMap((event) => (event.type === 'response.output_item.added' ? [event['item']] : []))).toEqual([
      { id: expect.stringMatching(/^rs_/) as string, type: 'reasoning', summary: [] },
      {
        id: expect.stringMatching(/^msg_/) as string,
        type: 'message',
        status: 'in_progress',
        role: 'assistant',
        content: [],
      },
    ]);
  });

  test('encrypted reasoning is whole when its item is done, not when it is added', async () => {
    const include = ['reasoning.encrypted_content'];
    const events = await streamOf(rig, { input: 'What is Raft?', model: 'gpt-5', background: false, include });
    const itemOf = (type: string): unknown => events.find((event) => event.type === type)?.['item'];
    const whole = { type: 'reasoning', encrypted_content: expect.stringMatching(/^.{20,}$/) as string };
    expect(itemOf('response.output_item.done')).toMatchObject(whole);
    expect(itemOf('response.output_item.added')).toMatchObject({ type: 'reasoning', encrypted_content: '' });
    expect(events.at(-1)?.response?.output[0]).toEqual(itemOf('response.output_item.done'));
  });

  test('with the option every stream ends with [DONE], and the SDK reads it as before', async () => {
    const other = await another({ streamDone: true });
    const { text } = await readRaw(other, '/responses', { ...BODY, background: true, stream: true });
    expect(text).toMatch(/\}\n\ndata: \[DONE\]\n\n$/);
    expect(await other.client.responses.stream(BODY).finalResponse()).toMatchObject({ status: 'incomplete' });
  });
});

describe('reading again', () => {
  test('starting_after=0 replays from number 1 to the end, with snapshots as of emission', async () => {
    const events = await streamOf(rig, BODY);
    const { text } = await readRaw(rig, `/responses/${idOf(events)}?stream=true&starting_after=0`);
    expect(eventsOf(text)).toEqual(events.slice(1));
    expect(eventsOf(text)[0]).toMatchObject({ type: 'response.queued', response: { status: 'queued', output: [] } });
  });

  test('past the end there is an empty stream', async () => {
    const id = idOf(await streamOf(rig, BODY));
    const { status, contentType, text } = await readRaw(rig, `/responses/${id}?stream=true&starting_after=9999`);
    expect([status, contentType, text]).toEqual([200, 'text/event-stream; charset=utf-8', '']);
  });

  test.each(['', '-1', '1.5', 'last', '1&starting_after=2'])('starting_after=%s is refused by name', async (value) => {
    const id = idOf(await streamOf(rig, BODY));
    const { status, text } = await readRaw(rig, `/responses/${id}?stream=true&starting_after=${value}`);
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: { param: 'starting_after' } }]);
  });

  test.each([
    ['the background', { background: false, stream: true }, 'background'],
    ['a stream', { background: true }, 'stream'],
  ])('a response that was not created as %s cannot be streamed', async (_name, flags, missing) => {
    const { text: created } = await readRaw(rig, '/responses', { ...BODY, ...flags });
    const id = /resp_\w+/.exec(created)?.[0] ?? '';
    await untilEnded(rig.client, id);
    const { status, text } = await readRaw(rig, `/responses/${id}?stream=true`);
    expect([status, JSON.parse(text)]).toMatchObject([
      400,
      {
        error: {
          message: `This response cannot be streamed because it was not created with ${missing}=true.`,
          param: 'stream',
          code: null,
        },
      },
    ]);
  });

  test('events older than the replay window are gone, while the response is still there', async () => {
    const other = await another({ replaySeconds: 600, seconds: 100, speed: 1000 });
    const events = await streamOf(other, BODY);
    const path = `/responses/${idOf(events)}?stream=true`;
    expect(eventsOf((await readRaw(other, path)).text)).toEqual(events);
    await advance(other, 599);
    const late = eventsOf((await readRaw(other, path)).text);
    expect(late).toEqual(events.slice(events.length - late.length));
    await advance(other, 2);
    expect((await readRaw(other, path)).text).toBe('');
    expect((await other.client.responses.retrieve(idOf(events))).status).toBe('incomplete');
  });
});

describe('ends', () => {
  test('a cancel ends an open stream in response.failed, whose response has status cancelled', async () => {
    const other = await another({ seconds: 3600 });
    const stream = await other.client.responses.create({ ...BODY, background: true, stream: true });
    const events: Event[] = [];
    for await (const event of stream) {
      events.push(event as unknown as Event);
      if (events.length === 2) await other.client.responses.cancel(idOf(events));
    }
    expect(shape(events)).toEqual(['response.created', 'response.queued', 'response.failed']);
    expect(events.at(-1)).toMatchObject({
      sequence_number: 2,
      response: { status: 'cancelled', error: null, usage: null },
    });
    const again = await readRaw(other, `/responses/${idOf(events)}?stream=true`);
    expect(eventsOf(again.text)).toEqual(events);
  });

  test('a quota error comes inside an HTTP 200 stream: a nested error event, then response.failed', async () => {
    const events = await streamOf(rig, fault('failed:insufficient_quota'));
    expect(shape(events).slice(2)).toEqual(['response.in_progress', 'error', 'response.failed']);
    expect(events.at(-2)).toEqual({
      type: 'error',
      sequence_number: 3,
      error: {
        type: 'insufficient_quota',
        code: 'insufficient_quota',
        message: expect.any(String) as string,
        param: null,
      },
    });
    expect(events.at(-1)?.response).toMatchObject({ status: 'failed', error: { code: 'insufficient_quota' } });
  });

  test('the SDK throws on the nested error before it reads response.failed; the flat one it yields', async () => {
    const seen: string[] = [];
    const read = async (from: Rig): Promise<void> => {
      seen.length = 0;
      const params = { ...BODY, metadata: { emulator_fault: 'failed:insufficient_quota' } };
      for await (const { type } of await from.client.responses.create({ ...params, stream: true })) seen.push(type);
    };
    await expect(read(rig)).rejects.toBeInstanceOf(APIError);
    expect(seen).toEqual(['response.created', 'response.in_progress']);
    await read(await another({ errorEvent: 'flat' }));
    expect(seen).toEqual(['response.created', 'response.in_progress', 'error', 'response.failed']);
  });

  test('the flat error event has code, message and param beside its type', async () => {
    const events = await streamOf(await another({ errorEvent: 'flat' }), fault('failed:server_error'));
    const { sequence_number, ...error } = events.at(-2) ?? {};
    expect(error).toEqual({ type: 'error', code: 'server_error', message: expect.any(String) as string, param: null });
    expect(sequence_number).toBe(events.length - 2);
  });

  test('a failure of the server itself comes midway: some output was streamed, none is kept', async () => {
    const events = await streamOf(rig, fault('failed:server_error'));
    expect(shape(events).slice(3)).toEqual([
      'response.output_item.added',
      'response.content_part.added',
      DELTA,
      'error',
      'response.failed',
    ]);
    expect(events.at(-1)?.response?.output).toEqual([]);
  });

  test.each(['nested', 'flat'])(
    'an error in the middle of a stream, %s: the stream is over, its response goes on',
    async (form) => {
      const events = await streamOf(rig, fault(`stream_error:${form}*1`));
      expect(shape(events)).toEqual(['response.created', 'response.queued', 'response.in_progress', 'error']);
      const text = expect.stringMatching(/^An error occurred .*wfr_/) as string;
      const error = { type: 'server_error', code: 'server_error', message: text, param: null };
      const nested = { type: 'error', sequence_number: 3, error };
      expect(events.at(-1)).toEqual(form === 'nested' ? nested : { ...error, type: 'error', sequence_number: 3 });
      const rest = eventsOf((await readRaw(rig, `/responses/${idOf(events)}?stream=true&starting_after=2`)).text);
      expect(rest.at(-1)).toMatchObject({ type: 'response.completed', response: { status: 'completed' } });
    },
  );

  test('a connection that drops in the middle of a stream is taken up again where it ended', async () => {
    const stream = await rig.client.responses.create({
      ...BODY,
      background: true,
      stream: true,
      metadata: { emulator_fault: 'stream_dropped:7*1', emulator_fault_key: 'dropped' },
    });
    const events: Event[] = [];
    await expect(
      (async () => {
        for await (const event of stream) events.push(event as unknown as Event);
      })(),
    ).rejects.toThrow('terminated');
    expect(events).toHaveLength(7);
    const resumed = await rig.client.responses.retrieve(idOf(events), { stream: true, starting_after: 6 });
    for await (const event of resumed) events.push(event as unknown as Event);
    expect(events).toEqual(eventsOf((await readRaw(rig, `/responses/${idOf(events)}?stream=true`)).text));
  });

  test('errors before creation are plain HTTP, in a stream too', async () => {
    const { status, contentType, text } = await readRaw(rig, '/responses', { ...BODY, stream: true, temperature: 3 });
    expect([status, contentType]).toEqual([400, 'application/json; charset=utf-8']);
    expect(JSON.parse(text)).toMatchObject({ error: { param: 'temperature', code: 'decimal_above_max_value' } });
    const limited = await readRaw(rig, '/responses', { ...BODY, ...fault('http_429:3'), stream: true });
    expect([limited.status, JSON.parse(limited.text)]).toMatchObject([429, { error: { code: 'rate_limit_exceeded' } }]);
  });
});

describe('obfuscation', () => {
  test.each([
    ['foreground', undefined, true],
    ['foreground', false, false],
    ['background', undefined, false],
    ['background', true, true],
  ])('%s with include_obfuscation %p: deltas are padded %p', async (mode, include, padded) => {
    const options = include === undefined ? {} : { stream_options: { include_obfuscation: include } };
    const events = await streamOf(rig, { ...BODY, ...options, background: mode === 'background' });
    expect(events.filter(isPadded).map(({ type }) => type)).toEqual(
      padded ? events.flatMap(({ type }) => (type === DELTA ? [type] : [])) : [],
    );
  });

  test('deltas are padded to whole blocks, and the same on each reading', async () => {
    const options = { stream_options: { include_obfuscation: true } };
    const events = await streamOf(rig, { ...BODY, ...options });
    for (const event of events.filter(isPadded)) {
      expect(`${String(event['delta'])}${String(event['obfuscation'])}`.length % 16).toBe(0);
    }
    const path = `/responses/${idOf(events)}?stream=true`;
    expect(eventsOf((await readRaw(rig, path)).text)).toEqual(events);
    const plain = eventsOf((await readRaw(rig, `${path}&include_obfuscation=false`)).text);
    expect(plain.filter(isPadded)).toEqual([]);
    expect(events).toMatchObject(plain);
  });
});

describe('dropped connections', () => {
  test('a foreground stream cannot be seen while it runs, and ends with its connection', async () => {
    const other = await another({ seconds: 3600 });
    const hangUp = new AbortController();
    const answer = await open(other, '/responses', { ...BODY, stream: true }, hangUp.signal);
    const id = await readId(answer);
    await expect(other.client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    hangUp.abort();
    expect(await untilVisible(other, id)).toMatchObject({ status: 'cancelled' });
  });

  test('a background response goes on without its reader', async () => {
    const other = await another({ seconds: 3600 });
    const hangUp = new AbortController();
    const answer = await open(other, '/responses', { ...BODY, background: true, stream: true }, hangUp.signal);
    const id = await readId(answer);
    hangUp.abort();
    await advance(other, 3600);
    expect(await other.client.responses.retrieve(id)).toMatchObject({ status: 'incomplete' });
  });
});

/** The id in the first bytes of a stream, which stays open. */
async function readId(answer: globalThis.Response): Promise<string> {
  const reader = (answer.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error('The stream ended before it named its response.');
    text += decoder.decode(value, { stream: true });
    const id = /"id":"(resp_\w+)"/.exec(text)?.[1];
    if (id !== undefined) return id;
  }
}

/** Polls until a foreground response can be seen. */
async function untilVisible({ client }: Rig, id: string): Promise<unknown> {
  for (;;) {
    const response = await client.responses.retrieve(id).catch((error: unknown) => error);
    if (!(response instanceof NotFoundError)) return response;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
