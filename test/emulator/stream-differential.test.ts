import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type OpenAI from 'openai';
import { ResponseStream } from 'openai/lib/responses/ResponseStream';
import { startRig, type Response, type Rig } from './helpers';
import { advance, eventsOf, idOf, readRaw, type Event } from './streams';

type Params = Partial<OpenAI.Responses.ResponseCreateParamsStreaming> & { input: string };

let rig: Rig;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'emulator-streams-'));
  const corpusDir = path.join(folder, 'corpus');
  await mkdir(corpusDir);
  // Short texts give short streams, so that every cut of them can be tried.
  await writeFile(path.join(corpusDir, 'raft.md'), '# Raft\n\nRaft elects one leader for each term.\n');
  await writeFile(path.join(corpusDir, 'paxos.md'), '# Paxos\n\nPaxos chooses one value among a few acceptors.\n');
  rig = await startRig({ seconds: 0.02, corpusDir, errorEvent: 'flat' });
});
afterAll(async () => {
  await rig.stop();
  await rm(folder, { recursive: true, force: true });
});

async function vectorStore(): Promise<string> {
  const file = await rig.client.files.create({
    file: new File(['The lighthouse is painted green.'], 'lighthouse.txt'),
    purpose: 'user_data',
  });
  const { id } = await rig.client.vectorStores.create({ name: 'texts' });
  await rig.client.vectorStores.files.createAndPoll(id, { file_id: file.id });
  return id;
}

const SCHEMA = {
  type: 'object',
  properties: { answer: { type: 'string' }, count: { type: 'integer' } },
  required: ['answer', 'count'],
  additionalProperties: false,
};
const CASES: [string, string, () => Params | Promise<Params>][] = [
  ['a plain answer', 'completed', () => ({ input: 'What is Raft?' })],
  [
    'reasoning with a summary',
    'completed',
    () => ({ input: 'What is Raft?', model: 'gpt-5', reasoning: { summary: 'auto' } }),
  ],
  [
    'searches of files and the web, with citations',
    'completed',
    async () => ({
      input: 'What colour is the lighthouse?',
      tools: [{ type: 'file_search', vector_store_ids: [await vectorStore()] }, { type: 'web_search' }],
      include: ['file_search_call.results', 'web_search_call.action.sources'],
    }),
  ],
  [
    'JSON of a schema',
    'completed',
    () => ({
      input: 'What is Paxos?',
      text: { format: { type: 'json_schema', name: 'answer', schema: SCHEMA, strict: true } },
    }),
  ],
  ['an answer cut by max_output_tokens', 'incomplete', () => ({ input: 'What is Raft?', max_output_tokens: 16 })],
  ['a failure', 'failed', () => ({ input: 'What is Raft?', metadata: { emulator_fault: 'failed:server_error' } })],
  [
    'a filtered answer',
    'incomplete',
    () => ({ input: 'What is Raft?', metadata: { emulator_fault: 'incomplete:content_filter' } }),
  ],
];

/** A response as the wire has it, without what the SDK's parsing adds. */
function bare(response: object): unknown {
  const own = ['output_text', 'output_parsed', 'parsed', 'parsed_arguments'];
  return JSON.parse(JSON.stringify(response, (key, value: unknown) => (own.includes(key) ? undefined : value)));
}

/** Reads what follows an event into `events`, with the SDK, until `enough` of it; -1 is before the first event. */
async function readInto(
  events: Event[],
  { from = rig, id, after = -1, enough = () => false }: Reading,
): Promise<Event[]> {
  const position = after < 0 ? {} : { starting_after: after };
  const stream = await from.client.responses.retrieve(id, { stream: true, ...position });
  for await (const event of stream) {
    events.push(event as unknown as Event);
    if (enough(event as unknown as Event)) break;
  }
  return events;
}

interface Reading {
  from?: Rig;
  id: string;
  after?: number;
  enough?: (event: Event) => boolean;
}

/** What the SDK makes of events: the last snapshot, where no terminal event replaced it. */
async function accumulated(events: readonly object[]): Promise<Response> {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  return ResponseStream.fromReadableStream(new Blob([lines]).stream()).finalResponse();
}

/** Checks that a stream cut anywhere and taken up again is the whole stream. */
async function expectSameAtEveryCut(id: string, events: readonly Event[], polled: Response): Promise<void> {
  for (let cut = 0; cut < events.length; cut += 1) {
    const rest = await readInto([], { id, after: cut });
    expect(rest).toEqual(events.slice(cut + 1));
    expect(bare([...events, ...rest].at(-1)?.response ?? {})).toEqual(bare(polled));
  }
}

test.each(CASES)('%s: stream, every resumption of it and polling give the same', async (_name, status, params) => {
  const body = { model: 'gpt-4.1', background: true, ...(await params()) };
  const events: Event[] = [];
  const stream = await rig.client.responses.create({ ...body, stream: true });
  for await (const event of stream) events.push(event as unknown as Event);
  const polled = await rig.client.responses.retrieve(idOf(events));
  expect(polled.status).toBe(status);
  expect(bare(events.at(-1)?.response ?? {})).toEqual(bare(polled));
  await expectSameAtEveryCut(polled.id, events, polled);
});

test.each(CASES.filter(([, status]) => status !== 'failed'))(
  "%s: the SDK's helper takes every event, and its deltas alone give the output",
  async (_name, status, params) => {
    const stream = rig.client.responses.stream({ model: 'gpt-4.1', background: true, ...(await params()) });
    const events: Event[] = [];
    stream.on('event', (event) => events.push(event as unknown as Event));
    const streamed = await stream.finalResponse();
    const polled = await rig.client.responses.retrieve(streamed.id);
    expect(polled.status).toBe(status);
    expect(bare(streamed)).toEqual(bare(polled));
    const pieces = await accumulated(events.filter(({ type }, index) => index === 0 || !WHOLE.test(type)));
    expect(textsOf(pieces)).toEqual(textsOf(polled));
  },
);

/** Events that hold a text, an item or a response as a whole. */
const WHOLE = /(?:item|text|part)\.done$|^response\.\w+$/;

/** Every text and citation of an output. */
function textsOf({ output }: Response): unknown[] {
  return output.flatMap((item) => {
    if (item.type === 'reasoning') return item.summary.map(({ text }) => text);
    if (item.type !== 'message') return [];
    return item.content.flatMap((part) => (part.type === 'output_text' ? [part.text, part.annotations] : []));
  });
}

test('cancelled midway: the stream ends there, and resumptions and polling say so', async () => {
  const slow = { input: 'What is Raft?', metadata: { emulator_seconds: '1000' } };
  const stream = rig.client.responses.stream({ model: 'gpt-4.1', background: true, ...slow });
  const events: Event[] = [];
  for await (const event of stream) {
    events.push(event as unknown as Event);
    if (events.length === 3) await advance(rig, 500);
    if (event.type === 'response.output_text.delta') await rig.client.responses.cancel(idOf(events));
  }
  const polled = await rig.client.responses.retrieve(idOf(events));
  expect(polled.status).toBe('cancelled');
  expect(bare(await stream.finalResponse())).toEqual(bare(polled));
  await expectSameAtEveryCut(polled.id, events, polled);
});

test('where a cancelled response keeps its output, that is the items whose end was streamed', async () => {
  const own = await startRig({ seconds: 1000, cancelOutput: 'kept' });
  try {
    const body = { model: 'gpt-5', reasoning: { summary: 'auto' as const }, input: 'What is Raft?', background: true };
    const events: Event[] = [];
    for await (const event of await own.client.responses.create({ ...body, stream: true })) {
      events.push(event as unknown as Event);
      if (event.type === 'response.created') await advance(own, 500);
      if (event.type === 'response.output_text.delta') await own.client.responses.cancel(idOf(events));
    }
    const done = events.flatMap(({ type, item }) => (type === 'response.output_item.done' ? [item] : []));
    expect(done).toMatchObject([{ type: 'reasoning' }]);
    expect(events.at(-1)?.response).toMatchObject({ status: 'cancelled', output: done });
    expect((await own.client.responses.retrieve(idOf(events))).output).toEqual(done);
  } finally {
    await own.stop();
  }
});

test('a foreground stream gives what can be retrieved after it', async () => {
  const streamed = await rig.client.responses.stream({ model: 'gpt-4.1', input: 'What is Raft?' }).finalResponse();
  expect(bare(streamed)).toEqual(bare(await rig.client.responses.retrieve(streamed.id)));
});

describe('in the middle of a run', () => {
  const RUN = { input: 'What is Raft?', metadata: { emulator_seconds: '1000' } };
  const STEPS = 8;

  /** Starts a run that waits for the clock, and reads until it is queued. */
  async function startRun(at: Rig): Promise<string> {
    const stream = await at.client.responses.create({ model: 'gpt-4.1', background: true, stream: true, ...RUN });
    for await (const event of stream) {
      if (event.type === 'response.created') return event.response.id;
    }
    throw new Error('The stream has no response.created.');
  }

  test('a reader that loses its connection at every step of the clock misses and repeats nothing', async () => {
    const id = await startRun(rig);
    const events: Event[] = [];
    for (let step = 1; step <= STEPS; step += 1) {
      const last = events.length - 1;
      const reading = readInto(events, {
        id,
        after: last,
        // Fewer than come due with each step.
        enough: ({ sequence_number }) => step < STEPS && sequence_number > last + 1,
      });
      await advance(rig, 1000 / STEPS);
      await reading;
    }
    expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()]);
    expect(events).toEqual(eventsOf((await readRaw(rig, `/responses/${id}?stream=true`)).text));
    const polled = await rig.client.responses.retrieve(id);
    expect([polled.status, bare(events.at(-1)?.response ?? {})]).toEqual(['completed', bare(polled)]);
  });

  test('two readers at once see the same, and a cancel ends both', async () => {
    const id = await startRun(rig);
    const readers = [-1, 2].map((after) => readInto([], { id, after }));
    await advance(rig, 400);
    await rig.client.responses.cancel(id);
    const [all = [], later = []] = await Promise.all(readers);
    expect(later).toEqual(all.slice(3));
    expect(later.length).toBeGreaterThan(2);
    expect(all.at(-1)?.response?.status).toBe('cancelled');
  });

  test('an emulator that is restarted cuts its readers off, and replays and continues the same log', async () => {
    let own = await startRig({ seconds: 1000 });
    try {
      const id = await startRun(own);
      await advance(own, 500);
      const before: Event[] = [];
      const cutOff = readInto(before, { from: own, id }).catch((error: unknown) => error);
      const live = await readInto([], { from: own, id, enough: ({ type }) => type === 'response.output_text.delta' });
      await own.emulator.close();
      expect(await cutOff).toMatchObject({ message: expect.stringMatching(/terminated|Connection error/) as string });
      own = await startRig({ seconds: 1000, dataDir: own.dataDir });
      const resumed = readInto(before, { from: own, id, after: before.length - 1 });
      await advance(own, 500);
      const whole = eventsOf((await readRaw(own, `/responses/${id}?stream=true`)).text);
      expect(await resumed).toEqual(whole);
      expect(whole.slice(0, live.length)).toEqual(live);
      expect(whole.length).toBeGreaterThan(live.length);
      expect(whole.at(-1)?.response?.status).toBe('completed');
    } finally {
      await own.stop();
    }
  });
});
