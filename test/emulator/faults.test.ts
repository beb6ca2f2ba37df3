import * as fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { APIConnectionError } from 'openai';
import { parseEmulatorFlags, startEmulator } from '../../emulator';
import { admin, advance, clientFor, run, startRig, untilEnded, type Rig } from './helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0.05 });
});
afterAll(() => rig.stop());

interface CreateRow {
  id: string;
  status: string;
  metadata: Record<string, string>;
  input_bytes: number;
}

/** What the admin list holds for one metadata pair. */
async function creates(key: string, value: string): Promise<CreateRow[]> {
  const url = new URL(`/emulator/creates?metadata[${key}]=${encodeURIComponent(value)}`, rig.emulator.url);
  const body = (await (await fetch(url)).json()) as { data: CreateRow[] };
  return body.data;
}

function request(
  step: string,
  fault: string,
): { model: string; input: string; background: true; metadata: Record<string, string> } {
  const metadata = { step, emulator_fault: fault, emulator_fault_key: `faults/${step}` };
  return { model: 'gpt-4.1', input: 'Explain Raft.', background: true, metadata };
}

test('a response fails with the code that was asked for, once', async () => {
  const params = request('a', 'failed:rate_limit_exceeded*1');
  const failed = await run(rig.client, params);
  expect(failed).toMatchObject({
    status: 'failed',
    error: { code: 'rate_limit_exceeded' },
    output: [],
    completed_at: null,
  });
  expect(await run(rig.client, params)).toMatchObject({ status: 'completed', error: null });
});

test('a response is filtered, or never ends', async () => {
  const filtered = await run(rig.client, request('b', 'incomplete:content_filter'));
  expect(filtered).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } });
  const stuck = await rig.client.responses.create({
    ...request('c', 'stuck'),
    metadata: { emulator_fault: 'stuck', emulator_seconds: '0' },
  });
  expect(await rig.client.responses.retrieve(stuck.id)).toMatchObject({ status: 'queued' });
  expect(await rig.client.responses.cancel(stuck.id)).toMatchObject({ status: 'cancelled' });
});

test('a connection dropped after acceptance leaves a response behind, one dropped before does not', async () => {
  const params = request('d', 'drop_before_accept*1,drop_after_accept*1');
  await expect(rig.client.responses.create(params)).rejects.toBeInstanceOf(APIConnectionError);
  expect(await creates('step', 'd')).toEqual([]);
  await expect(rig.client.responses.create(params)).rejects.toBeInstanceOf(APIConnectionError);
  const [orphan] = await creates('step', 'd');
  expect(orphan).toMatchObject({ metadata: params.metadata, input_bytes: JSON.stringify(params.input).length });
  expect(await untilEnded(rig.client, orphan?.id ?? '')).toMatchObject({ status: 'completed' });
  await rig.client.responses.create(params);
  expect(await creates('step', 'd')).toHaveLength(2);
});

test('refusals carry status, code and retry-after, and are counted but not accepted', async () => {
  const params = request('e', 'http_503*1,http_429:7*1,http_429:insufficient_quota*1');
  await expect(rig.client.responses.create(params)).rejects.toMatchObject({ status: 503 });
  const limited: unknown = await rig.client.responses.create(params).catch((error: unknown) => error);
  expect(limited).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  expect((limited as { headers: Headers }).headers.get('retry-after')).toBe('7');
  await expect(rig.client.responses.create(params)).rejects.toMatchObject({ status: 429, code: 'insufficient_quota' });
  expect(await creates('step', 'e')).toEqual([]);
  expect(await run(rig.client, params)).toMatchObject({ status: 'completed' });
});

test('a plan without a key is counted by itself, and one that does not parse is refused', async () => {
  const metadata = { emulator_fault: 'ok*1,failed:x*1' };
  const statuses: unknown[] = [];
  for (let count = 0; count < 3; count += 1) statuses.push((await run(rig.client, { input: 'x', metadata })).status);
  expect(statuses).toEqual(['completed', 'failed', 'completed']);
  await expect(run(rig.client, { input: 'x', metadata: { emulator_fault: 'explode' } })).rejects.toMatchObject({
    status: 400,
    param: 'metadata.emulator_fault',
  });
});

test('the admin list keeps deleted creates, and the status counts them', async () => {
  const { id } = await run(rig.client, { input: 'x', metadata: { step: 'f' } });
  await rig.client.responses.delete(id);
  expect(await creates('step', 'f')).toMatchObject([{ id, status: 'deleted' }]);
  const status: unknown = await (await fetch(new URL('/emulator/status', rig.emulator.url))).json();
  expect(status).toMatchObject({
    instanceId: rig.emulator.instanceId,
    model: 'durable-research offline extractive model',
    counts: { responses_by_status: { deleted: 1 } },
  });
});

async function add(rule: unknown): Promise<Record<string, unknown>> {
  const { status, body } = await admin(rig.emulator, 'POST /emulator/faults', { rule });
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
}

/** Statuses of `count` retrieves of one response, 200 where it was found. */
async function retrieves(id: string, count: number): Promise<unknown[]> {
  const statuses: unknown[] = [];
  for (let n = 0; n < count; n += 1) {
    const answer: unknown = await rig.client.responses.retrieve(id).then(
      () => 200,
      (error: { status?: number }) => error.status,
    );
    statuses.push(answer);
  }
  return statuses;
}

describe('rules of the admin API', () => {
  const create = { model: 'gpt-4.1', input: 'Explain Raft.', background: true } as const;
  afterEach(() => admin(rig.emulator, 'DELETE /emulator/faults'));

  test('a fault happens to the n-th request of its kind, to a number of them, or always', async () => {
    const { id } = await rig.client.responses.create(create);
    await add('http_503@retrieve#2,not_found#4*2');
    expect(await retrieves(id, 6)).toEqual([200, 503, 200, 404, 404, 200]);
    await add('not_found');
    expect(await retrieves(id, 2)).toEqual([404, 404]);
  });

  test('a rule in JSON says the same as one in text, and both are listed with what they counted', async () => {
    const { id } = await rig.client.responses.create({ ...create, metadata: { step: 'b' } });
    const text = await add('http_503:7@retrieve*1%1~s where step=b and run=a');
    const json = await add({
      faults: [{ name: 'http_503', argument: '7', operation: 'retrieve', count: 1, probability: 1, seed: 's' }],
      metadata: { step: 'b' },
    });
    expect(json).toMatchObject({ rule: 'http_503:7@retrieve*1%1~s where step=b', source: 'admin' });
    expect(json['faults']).toEqual(text['faults']);
    expect(await retrieves(id, 2)).toEqual([503, 200]);
    const { body } = await admin(rig.emulator, 'GET /emulator/faults');
    expect(body['data']).toMatchObject([
      { id: text['id'], counts: {} },
      { id: json['id'], counts: { retrieve: 2 } },
    ]);
    expect(await admin(rig.emulator, `DELETE /emulator/faults/${String(text['id'])}`)).toMatchObject({ status: 200 });
    expect(await admin(rig.emulator, `DELETE /emulator/faults/${String(text['id'])}`)).toMatchObject({ status: 404 });
  });

  test('the same seed gives the same faults to the same requests, another seed others', async () => {
    const { id } = await rig.client.responses.create(create);
    const seen: unknown[][] = [];
    for (const seed of ['one', 'one', 'two']) {
      const { id: rule } = await add(`http_500@retrieve%0.5~${seed}`);
      seen.push(await retrieves(id, 20));
      await admin(rig.emulator, `DELETE /emulator/faults/${String(rule)}`);
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).not.toEqual(seen[2]);
    const share = seen.flat().filter((status) => status === 500).length / 60;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.8);
  });

  test('rules and counts survive a restart', async () => {
    const { id } = await rig.client.responses.create(create);
    await add('not_found*3');
    expect(await retrieves(id, 2)).toEqual([404, 404]);
    await rig.emulator.close();
    rig = await startRig({ seconds: 0.05, dataDir: rig.dataDir });
    expect(await retrieves(id, 2)).toEqual([404, 200]);
  });

  test('every operation can be hit, and hits no other', async () => {
    const { client } = rig;
    const { id } = await run(client, { input: 'x' });
    const { id: conversation } = await client.conversations.create();
    const calls: Record<string, () => Promise<unknown>> = {
      create: () => client.responses.create(create),
      retrieve: () => client.responses.retrieve(id),
      resume: () =>
        client.responses.retrieve(id, { stream: true }).catch((error: { status: number }) => {
          // It was not created as a stream.
          if (error.status !== 400) throw error;
        }),
      input_items: () => client.responses.inputItems.list(id),
      input_tokens: () => client.responses.inputTokens.count({ model: 'gpt-4.1', input: 'x' }),
      compact: () => client.responses.compact({ model: 'gpt-4.1', input: 'x' }),
      conversations: () => client.conversations.items.list(conversation),
      files: () => client.files.list(),
      vector_stores: () => client.vectorStores.list(),
      models: () => client.models.list(),
      delete: () => client.responses.delete(id),
    };
    for (const [operation, call] of Object.entries(calls)) {
      await add(`http_503@${operation}*1`);
      for (const [other, otherCall] of Object.entries(calls)) {
        if (other !== operation && other !== 'delete') await otherCall();
      }
      await expect(call()).rejects.toMatchObject({ status: 503 });
      await admin(rig.emulator, 'DELETE /emulator/faults');
    }
  });

  test.each([
    ['explode', "no fault 'explode'"],
    ['stuck:3', "'stuck' takes no argument, but got '3'"],
    ['incomplete', "'incomplete' needs content_filter or max_output_tokens"],
    ['latency:soon', "'latency' takes a number of seconds, but got 'soon'"],
    ['stuck@breakfast', 'Expected name[:argument]'],
    ['stuck where x', 'Expected PLAN where KEY=VALUE'],
    [{ faults: [] }, 'array too short'],
    [{ faults: [{ name: 'stuck', count: -1 }] }, 'below minimum'],
    [7, 'expected'],
  ])('the rule %j is refused, and says why', async (rule, reason) => {
    const { status, body } = await admin(rig.emulator, 'POST /emulator/faults', { rule });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { param: expect.stringMatching(/^rule/), message: expect.stringContaining(reason) },
    });
  });
});

test('a rule of the options is in force from the start, and its counts are those before the restart', async () => {
  const options = { seconds: 0.05, faults: ['http_500*2', { faults: [{ name: 'failed' as const, count: 1 }] }] };
  let own = await startRig(options);
  await expect(run(own.client, { input: 'x' })).rejects.toMatchObject({ status: 500 });
  await own.emulator.close();
  own = await startRig({ ...options, dataDir: own.dataDir });
  await expect(run(own.client, { input: 'x' })).rejects.toMatchObject({ status: 500 });
  expect(await run(own.client, { input: 'x' })).toMatchObject({ status: 'completed' });
  await own.stop();
});

test('rules of flags are read, and one that is wrong is told before anything starts', async () => {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'flags-'));
  const argv = [
    '--data',
    dataDir,
    '--port',
    '0',
    '--seconds',
    '0',
    '--fault',
    'http_500*1',
    '--fault',
    'stale where a=b',
  ];
  const own = await startEmulator(parseEmulatorFlags(argv));
  const client = clientFor(own.url);
  await expect(run(client, { input: 'x' })).rejects.toMatchObject({ status: 500 });
  expect(await run(client, { input: 'x' })).toMatchObject({ status: 'completed' });
  const { data } = (await admin(own, 'GET /emulator/faults')).body;
  expect(data).toMatchObject([{ rule: 'http_500*1', source: 'flag' }, { rule: 'stale where a=b' }]);
  await own.close();
  await rm(dataDir, { recursive: true });
  expect(() => parseEmulatorFlags(['--fault', 'boom'])).toThrow("option 'faults.0': 'boom' (there is no fault 'boom')");
});

test('several plans of one request hold at once', async () => {
  const metadata = { emulator_fault: 'cancel_lag:60; flip:60; usage_null', emulator_seconds: '600' };
  const { id } = await rig.client.responses.create({ ...request('g', 'ok'), metadata });
  expect((await rig.client.responses.cancel(id)).status).toMatch(/queued|in_progress/);
  await advance(rig.emulator, 61);
  expect(await rig.client.responses.retrieve(id)).toMatchObject({ status: 'cancelled', output: [] });
  await advance(rig.emulator, 61);
  const flipped = await rig.client.responses.retrieve(id);
  expect(flipped).toMatchObject({ status: 'completed', usage: null });
  expect(flipped.output_text).toContain('Raft');
});

test('whatever is sent as a rule or a script, it is taken or refused in the envelope', async () => {
  const name = fc.constantFrom('http_503', 'stuck', 'latency', 'stale', 'ok', '__proto__', 'constructor');
  const rule = fc.oneof(
    fc.string(),
    fc.jsonValue(),
    fc.record({ faults: fc.array(fc.record({ name, count: fc.nat(3) })) }),
  );
  const step = fc.record(
    { expect: fc.jsonValue(), answer: fc.jsonValue(), refuse: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const script = fc.oneof(fc.jsonValue(), fc.record({ steps: fc.array(step, { maxLength: 3 }) }));
  await fc.assert(
    fc.asyncProperty(rule, script, async (someRule, someScript) => {
      for (const [call, body] of [
        ['POST /emulator/faults', { rule: someRule }],
        ['PUT /emulator/script', someScript],
      ] as const) {
        const answer = await admin(rig.emulator, call, body);
        const error = { error: { message: expect.any(String) as string, type: 'invalid_request_error' } };
        expect(answer).toMatchObject(answer.status === 200 ? {} : { status: 400, body: error });
      }
    }),
    { numRuns: 100 },
  );
  await admin(rig.emulator, 'DELETE /emulator/faults');
  await rig.emulator.script.clear();
});

test.each(['latency:500', 'slow_body:500'])('a client that leaves during %s is no unexpected error', async (fault) => {
  const told = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const own = await startRig();
  try {
    for (const stream of [true, false]) {
      const leave = new AbortController();
      const metadata = { emulator_fault: fault, emulator_seconds: '0' };
      const body = { model: 'm', input: 'x', background: true, stream, metadata };
      const answered = own.client.responses.create(body, { signal: leave.signal }).catch(() => undefined);
      for (let open = 0; open === 0;) {
        const { body: list } = await admin(own.emulator, 'GET /emulator/creates');
        open = (list['data'] as { id: string }[]).length - (stream ? 0 : 1);
      }
      leave.abort();
      await answered;
    }
  } finally {
    await own.stop();
  }
  expect(told.mock.calls.filter(([text]) => String(text).includes('unexpected'))).toEqual([]);
  told.mockRestore();
});
