import { APIUserAbortError, NotFoundError } from 'openai';
import { advance, run, startRig, TEN_MINUTES, untilEnded, type Rig } from './helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

describe('a background response', () => {
  const open = { model: 'm', input: 'x', background: true };

  test('goes from queued to completed and echoes the request', async () => {
    const { client } = rig;
    const created = await client.responses.create({
      model: 'any-model',
      input: 'Explain Paxos.',
      background: true,
      metadata: { workflow: 'w1' },
    });
    expect(created).toMatchObject({ object: 'response', status: 'queued', background: true, output: [], usage: null });
    expect(created.id).toMatch(/^resp_[0-9a-f]{50}$/);

    const ended = await untilEnded(client, created.id);
    expect(ended).toMatchObject({ status: 'completed', model: 'any-model', error: null, incomplete_details: null });
    expect(ended.metadata).toEqual({ workflow: 'w1', emulator: 'durable-research offline extractive model' });
    expect(ended.output_text).toContain('Paxos');
    expect(ended.usage?.total_tokens).toBeGreaterThan(0);
    expect(ended.completed_at).toBeGreaterThanOrEqual(created.created_at);
  });

  test('can be cancelled, twice, and has no usage then', async () => {
    const { client } = rig;
    const { id } = await client.responses.create({ ...open, metadata: TEN_MINUTES });
    expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled', usage: null, output: [] });
    expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled' });
  });

  test('cannot be cancelled after its end, nor deleted before it', async () => {
    const { client } = rig;
    const { id } = await client.responses.create({ ...open, metadata: TEN_MINUTES });
    await expect(client.responses.delete(id)).rejects.toMatchObject({ status: 400 });
    await advance(rig.emulator, 600);
    await untilEnded(client, id);
    await expect(client.responses.cancel(id)).rejects.toThrow('Cannot cancel a completed response.');
    await client.responses.delete(id);
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
  });
});

test('a foreground response answers at its end', async () => {
  const response = await rig.client.responses.create({ model: 'gpt-4.1', input: 'Explain Raft.' });
  expect(response).toMatchObject({ status: 'completed', background: false });
  expect(response.output_text).toContain('Raft');
});

test('a foreground response whose client hangs up is cancelled, and its conversation is free again', async () => {
  const { client } = rig;
  const { id: conversation } = await client.conversations.create();
  const hangUp = new AbortController();
  const request = { model: 'gpt-4.1', input: 'x', conversation };
  const metadata = { emulator_seconds: '600', test: 'hang-up' };
  const waiting = client.responses
    .create({ ...request, metadata }, { signal: hangUp.signal })
    .catch((error: unknown) => error);
  await untilListed(/^(?:queued|in_progress)$/);
  await expect(client.responses.create(request)).rejects.toMatchObject({ code: 'conversation_locked' });
  hangUp.abort();
  expect(await waiting).toBeInstanceOf(APIUserAbortError);
  await untilListed(/^cancelled$/);
  expect(await client.responses.create(request)).toMatchObject({ status: 'completed' });
});

/** Waits until the create of the test above is listed with a status. */
async function untilListed(status: RegExp): Promise<void> {
  const url = new URL('/emulator/creates?metadata[test]=hang-up', rig.emulator.url);
  for (;;) {
    const { data } = (await (await fetch(url)).json()) as { data: { status: string }[] };
    if (status.test(data[0]?.status ?? '')) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('creates are listed with the instants of their response, to the millisecond', async () => {
  const metadata = { emulator_seconds: '600', test: 'instants' };
  const { id } = await rig.client.responses.create({ model: 'gpt-4.1', input: 'x', background: true, metadata });
  const url = new URL('/emulator/creates?metadata[test]=instants', rig.emulator.url);
  const listed = async () => ((await (await fetch(url)).json()) as { data: Record<string, unknown>[] }).data[0];
  const { created_ms: createdMs, ends_ms: endsMs } = (await listed()) ?? {};
  expect(Number(endsMs) - Number(createdMs)).toBe(600_000);
  await rig.client.responses.cancel(id);
  expect(await listed()).toMatchObject({ created_ms: createdMs, status: 'cancelled' });
  expect(Number((await listed())?.['ends_ms'])).toBeLessThan(Number(endsMs));
  await rig.client.responses.delete(id);
  expect(await listed()).toMatchObject({ created_ms: createdMs, ends_ms: null, status: 'deleted' });
});

test('a truncated response is incomplete', async () => {
  const response = await run(rig.client, { input: 'Explain Paxos.', max_output_tokens: 16 });
  expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  expect(response.usage?.output_tokens).toBeLessThanOrEqual(16);
  expect(response.output_text.length).toBeLessThanOrEqual(64);
});

test('what was seen as completed is not cancelled afterwards', async () => {
  const { client } = rig;
  // Its cancels look through the items of the conversation, which takes a moment.
  const { id: conversation } = await client.conversations.create();
  for (let added = 0; added < 1000; added += 20) {
    const items = Array.from({ length: 20 }, () => ({ role: 'user' as const, content: 'one' }));
    await client.conversations.items.create(conversation, { items });
  }
  for (let round = 0; round < 20; round += 1) {
    const created = { model: 'm', input: 'x', background: true, conversation };
    const { id } = await client.responses.create({ ...created, metadata: { emulator_seconds: '0.2' } });
    const from = performance.now();
    const seen: (string | undefined)[] = [];
    let cancelled: Promise<unknown> | undefined;
    while (!seen.includes('completed') && !seen.includes('cancelled')) {
      if (performance.now() - from > 180 + round) cancelled ??= client.responses.cancel(id).catch(() => undefined);
      seen.push((await client.responses.retrieve(id)).status);
    }
    await cancelled;
    expect((await client.responses.retrieve(id)).status).toBe(seen.at(-1));
  }
});

test('a response that is deleted while it is read is gone or whole, never empty', async () => {
  const { client } = rig;
  for (let round = 0; round < 20; round += 1) {
    const { id } = await run(client, { input: 'What is Raft?', metadata: { emulator_seconds: '0' } });
    const reads: Promise<number | undefined>[] = [];
    const read = (): void => {
      reads.push(
        client.responses.retrieve(id).then(({ output }) => output.length, gone),
        client.responses.inputItems.list(id).then(({ data }) => data.length, gone),
      );
    };
    for (let n = 0; n < 5; n += 1) read();
    const deleted = client.responses.delete(id);
    for (let n = 0; n < 10; n += 1) read();
    await deleted;
    expect(await Promise.all(reads)).not.toContain(0);
  }
});

function gone(error: unknown): undefined {
  if (!(error instanceof NotFoundError)) throw error;
}
