import type OpenAI from 'openai';
import { APIConnectionError, type APIError } from 'openai';
import { admin, advance, run, startRig, untilEnded, type Response, type Rig } from '../emulator/helpers';
import { startReceiver } from '../emulator/receiver';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 10 });
});
afterAll(() => rig.stop());

/** A background create with faults of its own. */
async function create(fault: string, more: { input?: string; conversation?: string } = {}): Promise<Response> {
  const metadata = { emulator_fault: fault, emulator_fault_key: `${expect.getState().currentTestName} ${fault}` };
  return rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?', background: true, metadata, ...more });
}

const retrieve = (id: string): Promise<Response> => rig.client.responses.retrieve(id);
const refused = { status: 404, message: expect.stringContaining('not found') as string };

test('stuck: a response stays queued for ever, poll and cancel aside', async () => {
  const { id } = await create('stuck');
  await advance(rig.emulator, 40 * 24 * 3600);
  expect((await retrieve(id)).status).toBe('queued');
  expect((await rig.client.responses.cancel(id)).status).toBe('cancelled');
});

test('stuck_in_progress: no terminal status ever comes, so a client that polls for ever needs a watchdog', async () => {
  const { id } = await create('stuck_in_progress');
  await advance(rig.emulator, 24 * 3600);
  expect(await retrieve(id)).toMatchObject({ status: 'in_progress', completed_at: null, usage: null, output: [] });
});

test('long_queue: the queue lasts over 45 minutes, then the response completes', async () => {
  const { id } = await create('long_queue');
  await advance(rig.emulator, 44 * 60);
  expect((await retrieve(id)).status).toBe('queued');
  await advance(rig.emulator, 60 + 10);
  expect((await retrieve(id)).status).toBe('completed');
});

test('flip: a cancelled response is completed minutes later, with its full output and usage', async () => {
  const { id } = await create('flip:180');
  const cancelled = await rig.client.responses.cancel(id);
  expect(cancelled).toMatchObject({ status: 'cancelled', output: [], completed_at: null });
  await advance(rig.emulator, 179);
  expect((await retrieve(id)).status).toBe('cancelled');
  await advance(rig.emulator, 2);
  const flipped = await retrieve(id);
  expect(flipped).toMatchObject({ status: 'completed', usage: { total_tokens: expect.any(Number) as number } });
  expect(flipped.output_text).toContain('Raft');
  expect(flipped.completed_at).toBeGreaterThanOrEqual(flipped.created_at + 180);
});

test('flip: the items of the response are in its conversation from then on', async () => {
  const conversation = await rig.client.conversations.create();
  const { id } = await create('flip:60', { conversation: conversation.id });
  await rig.client.responses.cancel(id);
  const count = async (): Promise<number> => (await rig.client.conversations.items.list(conversation.id)).data.length;
  expect(await count()).toBe(0);
  await advance(rig.emulator, 61);
  expect(await count()).toBeGreaterThan(1);
});

test('cancel_lag: a cancel settles seconds after it was answered, and a response that ends before has ended', async () => {
  const lagging = await create('cancel_lag:5');
  expect((await rig.client.responses.cancel(lagging.id)).status).toMatch(/queued|in_progress/);
  await advance(rig.emulator, 6);
  expect((await retrieve(lagging.id)).status).toBe('cancelled');
  const faster = await create('cancel_lag:600');
  await rig.client.responses.cancel(faster.id);
  await advance(rig.emulator, 11);
  expect((await retrieve(faster.id)).status).toBe('completed');
});

test('usage_null: neither a cancelled nor a completed response says what it cost', async () => {
  const cancelled = await create('usage_null');
  expect(await rig.client.responses.cancel(cancelled.id)).toMatchObject({ status: 'cancelled', usage: null });
  const completed = await create('usage_null');
  await advance(rig.emulator, 11);
  expect(await retrieve(completed.id)).toMatchObject({ status: 'completed', usage: null });
});

test('http_500@any*4: a burst of errors outlasts the retry budget of the SDK, then all is well', async () => {
  const { id } = await create('ok');
  await admin(rig.emulator, 'POST /emulator/faults', { rule: 'http_500:1ms@any*4' });
  const patient = rig.client.withOptions({ maxRetries: 2 });
  await expect(patient.responses.retrieve(id)).rejects.toMatchObject({ status: 500 });
  expect((await patient.responses.retrieve(id)).id).toBe(id);
  await admin(rig.emulator, 'DELETE /emulator/faults');
});

test('failed: a failed run is an HTTP 200 with a free-form code, and the SDK raises nothing', async () => {
  const { id } = await create('failed:wfr_0199_upstream.Unavailable');
  await advance(rig.emulator, 11);
  const { data, response } = await rig.client.responses.retrieve(id).withResponse();
  expect(response.status).toBe(200);
  expect(data).toMatchObject({ status: 'failed', error: { code: 'wfr_0199_upstream.Unavailable' }, output: [] });
});

test('stream_not_found: a stream that is asked for again is a 404, while the response is there', async () => {
  const { id } = await create('stream_not_found');
  await expect(rig.client.responses.retrieve(id, { stream: true })).rejects.toMatchObject(refused);
  expect((await retrieve(id)).id).toBe(id);
});

/** The events of a stream until it ends or breaks, and what it broke with. */
async function read(
  stream: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>,
): Promise<{ events: OpenAI.Responses.ResponseStreamEvent[]; broke: unknown }> {
  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  try {
    for await (const event of stream) events.push(event);
    return { events, broke: null };
  } catch (error) {
    return { events, broke: error };
  }
}

function streamWith(fault: string): Promise<AsyncIterable<OpenAI.Responses.ResponseStreamEvent>> {
  const metadata = { emulator_fault: fault, emulator_seconds: '0' };
  return rig.client.responses.create({ model: 'gpt-4.1', input: 'x', background: true, stream: true, metadata });
}

test('stream_dropped: a stream is cut after some events, and the rest is there for who resumes', async () => {
  const { events, broke } = await read(await streamWith('stream_dropped:4*1'));
  expect(events.map((event) => event.sequence_number)).toEqual([0, 1, 2, 3]);
  expect(String(broke)).toMatch(/terminated|aborted|closed/);
  const [created] = events;
  const id = created?.type === 'response.created' ? created.response.id : '';
  const rest = await read(await rig.client.responses.retrieve(id, { stream: true, starting_after: 3 }));
  expect(rest.broke).toBeNull();
  expect(rest.events[0]?.sequence_number).toBe(4);
  expect(rest.events.at(-1)?.type).toBe('response.completed');
});

test('stream_error: an error comes midway, nested as on the wire or flat, while the response completes', async () => {
  const nested = await read(await streamWith('stream_error'));
  expect(nested.events).toHaveLength(3);
  expect(nested.broke).toMatchObject({ code: 'server_error', message: expect.stringContaining('An error occurred') });
  const flat = await read(await streamWith('stream_error:flat:2'));
  expect(flat.broke).toBeNull();
  expect(flat.events.at(-1)).toMatchObject({ type: 'error', code: 'server_error', sequence_number: 2, param: null });
  const [created] = flat.events;
  const id = created?.type === 'response.created' ? created.response.id : '';
  expect((await untilEnded(rig.client, id)).status).toBe('completed');
});

test('stuck: a stream that was left right at its first event is queued for ever, and resuming does not revive it', async () => {
  const stream = await streamWith('stuck');
  for await (const event of stream) {
    expect(event.type).toBe('response.created');
    if (event.type !== 'response.created') return;
    const { id } = event.response;
    await advance(rig.emulator, 3600);
    const resumed = await rig.client.responses.retrieve(id, { stream: true, starting_after: 0 });
    for await (const next of resumed) {
      expect(next.type).toBe('response.queued');
      break;
    }
    expect((await retrieve(id)).status).toBe('queued');
    return;
  }
});

test('expires: a stored response is gone a minute later, by id and as a previous response', async () => {
  const { id } = await create('expires:60');
  await advance(rig.emulator, 30);
  expect((await retrieve(id)).status).toBe('completed');
  await advance(rig.emulator, 31);
  await expect(retrieve(id)).rejects.toMatchObject(refused);
  const next = { model: 'gpt-4.1', input: 'And Paxos?', previous_response_id: id, background: true } as const;
  await expect(rig.client.responses.create(next)).rejects.toMatchObject({
    status: 400,
    code: 'previous_response_not_found',
    param: 'previous_response_id',
  });
});

test('latency: the answer comes late, in real time, and a client that gave up left a response behind', async () => {
  const began = Date.now();
  await create('latency:0.3');
  expect(Date.now() - began).toBeGreaterThanOrEqual(300);
  const hasty = rig.client.withOptions({ timeout: 1000 });
  const metadata = { emulator_fault: 'latency:60', step: 'hasty' };
  await expect(
    hasty.responses.create({ model: 'gpt-4.1', input: 'x', background: true, metadata }),
  ).rejects.toBeInstanceOf(APIConnectionError);
  expect((await admin(rig.emulator, 'GET /emulator/creates?metadata[step]=hasty')).body['data']).toHaveLength(1);
});

test('not_found: an id is dead for good, or for a number of looks', async () => {
  const dead = await create('not_found');
  await expect(retrieve(dead.id)).rejects.toMatchObject(refused);
  await expect(retrieve(dead.id)).rejects.toMatchObject(refused);
  const hiding = await create('not_found*1');
  await expect(retrieve(hiding.id)).rejects.toMatchObject(refused);
  expect((await retrieve(hiding.id)).id).toBe(hiding.id);
});

test.each(['drop_after_accept', 'drop_in_body', 'malformed_json'])(
  '%s: a create is accepted and its answer is lost; retrying it makes a second paid response',
  async (name) => {
    const metadata = { emulator_fault: `${name}*1`, emulator_fault_key: name, step: name };
    const params = { model: 'gpt-4.1', input: 'x', background: true, metadata } as const;
    await expect(rig.client.responses.create(params)).rejects.toThrow(/Connection error|terminated|JSON/);
    await rig.client.responses.create(params);
    const { body } = await admin(rig.emulator, `GET /emulator/creates?metadata[step]=${name}`);
    expect(body['data']).toHaveLength(2);
  },
);

test('drop_after_accept@cancel: a cancel takes place although its answer is lost', async () => {
  const { id } = await create('drop_after_accept@cancel');
  await expect(rig.client.responses.cancel(id)).rejects.toBeInstanceOf(APIConnectionError);
  expect((await retrieve(id)).status).toBe('cancelled');
});

test('conversation_locked: a 400 that the SDK does not retry, in an idle conversation too', async () => {
  const { id } = await rig.client.conversations.create();
  const patient = rig.client.withOptions({ maxRetries: 2 });
  await admin(rig.emulator, 'POST /emulator/faults', { rule: 'conversation_locked*1' });
  const params = { model: 'gpt-4.1', input: 'x', conversation: id, background: true } as const;
  await expect(patient.responses.create(params)).rejects.toMatchObject({
    status: 400,
    code: 'conversation_locked',
    param: 'conversation',
  });
  expect((await patient.responses.create(params)).conversation).toEqual({ id });
  await admin(rig.emulator, 'DELETE /emulator/faults');
});

test('stale: a retrieve keeps serving the first snapshot, for ever or for a time', async () => {
  const forEver = await create('stale');
  const forAMinute = await create('stale:60');
  await advance(rig.emulator, 59);
  expect(await retrieve(forEver.id)).toEqual(forEver);
  expect(await retrieve(forAMinute.id)).toEqual(forAMinute);
  await advance(rig.emulator, 2);
  expect((await retrieve(forEver.id)).status).toBe('queued');
  expect((await retrieve(forAMinute.id)).status).toBe('completed');
});

test('empty_output: a response completes without any output', async () => {
  const { id } = await create('empty_output');
  await advance(rig.emulator, 11);
  expect(await retrieve(id)).toMatchObject({ status: 'completed', output: [], output_text: '' });
});

test('html: a proxy answers with a page of its own', async () => {
  const error: unknown = await create('html*1').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ status: 502 });
  expect((error as APIError).headers?.get('content-type')).toContain('text/html');
  // A page with status 200 is no error of the API to the SDK: it trips over the text.
  await expect(create('html:200')).rejects.toThrow("Cannot use 'in' operator");
});

test('slow_body: bytes trickle after the headers, which the timeout of the SDK does not cover', async () => {
  const began = Date.now();
  const slow = rig.client.withOptions({ timeout: 1000 });
  const metadata = { emulator_fault: 'slow_body:1.4' };
  const params = { model: 'gpt-4.1', input: 'x', background: true, metadata } as const;
  expect((await slow.responses.create(params)).status).toBe('queued');
  expect(Date.now() - began).toBeGreaterThanOrEqual(1300);
});

test('incomplete: a response is cut off by its filter', async () => {
  const metadata = { emulator_fault: 'incomplete:content_filter', emulator_seconds: '0' };
  const filtered = await run(rig.client, { input: 'x', metadata });
  expect(filtered).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } });
  expect((await untilEnded(rig.client, filtered.id)).completed_at).toBeNull();
});

/** The response that a webhook is about. */
function announced({ body }: { body: string }): string {
  return (JSON.parse(body) as { data: { id: string } }).data.id;
}

test('webhook_lost, _doubled, _reordered, _bad_signature, _old_timestamp: missing, twice, late, and not to be trusted', async () => {
  const secret = `whsec_${Buffer.from('a secret of 24 bytes here').toString('base64')}`;
  const receiver = await startReceiver();
  const own = await startRig({ seconds: 0, webhooks: [{ url: receiver.url, secrets: [secret] }] });
  const start = async (fault: string): Promise<string> => {
    const metadata = { emulator_fault: fault };
    return (await own.client.responses.create({ model: 'gpt-4.1', input: 'x', background: true, metadata })).id;
  };
  const late = await start('webhook_reordered:60');
  const lost = await start('webhook_lost');
  const doubled = await start('webhook_doubled');
  expect((await receiver.until(2)).map(announced)).toEqual([doubled, doubled]);
  const forged = await start('webhook_bad_signature');
  await receiver.until(3);
  const old = await start('webhook_old_timestamp');
  const arrived = await receiver.until(4);
  for (const webhook of arrived.slice(2)) {
    const headers = webhook.headers as Record<string, string>;
    await expect(own.client.webhooks.unwrap(webhook.body, headers, secret)).rejects.toThrow(/signature|timestamp/);
  }
  await advance(own.emulator, 60);
  expect((await receiver.until(5)).slice(2).map(announced)).toEqual([forged, old, late]);
  expect((await untilEnded(own.client, lost)).status).toBe('completed');
  await own.stop();
  await receiver.stop();
});
