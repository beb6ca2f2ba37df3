import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type OpenAI from 'openai';
import { admin, advance, api, refusalOf, run, startRig, type Response, type Rig } from '../emulator/helpers';

let rig: Rig;
afterEach(() => rig.stop());

type Body = Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>;
const MINUTES = 60;
const DAYS = 86_400;
const MISSING = { status: 404 };

function create(fields: Body = {}): Promise<Response> {
  return rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?', background: true, ...fields });
}

const retrieve = (id: string): Promise<Response> => rig.client.responses.retrieve(id);

async function listed(id: string): Promise<unknown> {
  const { body } = await admin(rig.emulator, 'GET /emulator/creates');
  return (body['data'] as { id: string }[]).find((row) => row.id === id);
}

describe('store and data modes', () => {
  test.each([
    ['standard', undefined, true],
    ['standard', true, true],
    ['mam', undefined, false],
    ['mam', false, false],
    ['mam', true, true],
    ['zdr', undefined, false],
    ['zdr', false, false],
    ['zdr', true, false],
  ] as const)('a %s project makes of store:%p in background %p', async (dataMode, store, echoed) => {
    rig = await startRig({ seconds: 60, dataMode });
    const { id } = await create(store === undefined ? {} : { store });
    expect(await retrieve(id)).toMatchObject({ store: echoed, status: 'queued' });
  });

  test('what is not kept stays readable for ten minutes after its end, however long it ran', async () => {
    rig = await startRig({ seconds: 3600, dataMode: 'mam' });
    const { id } = await create();
    await advance(rig.emulator, 3600 + 9 * MINUTES);
    expect(await retrieve(id)).toMatchObject({ store: false, status: 'completed' });
    await advance(rig.emulator, 1 * MINUTES);
    await expect(retrieve(id)).rejects.toMatchObject(MISSING);
    expect(await listed(id)).toMatchObject({ id, status: 'deleted' });
  });

  test('a mam project keeps what it was told to keep', async () => {
    rig = await startRig({ seconds: 60, dataMode: 'mam' });
    const { id } = await create({ store: true });
    await advance(rig.emulator, 29 * DAYS);
    expect((await retrieve(id)).status).toBe('completed');
  });

  test('a cancelled response that is not kept goes ten minutes after the cancel', async () => {
    rig = await startRig({ seconds: 3600, dataMode: 'zdr' });
    const { id } = await create();
    await rig.client.responses.cancel(id);
    await advance(rig.emulator, 9 * MINUTES);
    expect((await retrieve(id)).status).toBe('cancelled');
    await advance(rig.emulator, 2 * MINUTES);
    await expect(retrieve(id)).rejects.toMatchObject(MISSING);
  });

  test('what is not kept cannot be continued, and in the foreground never be fetched', async () => {
    rig = await startRig({ seconds: 0, dataMode: 'zdr' });
    const { id, output } = await run(rig.client, { input: 'What is Raft?' });
    const next = create({ previous_response_id: id });
    await expect(next).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' });
    const reference = create({ input: [{ type: 'item_reference', id: output[0]?.id ?? '' }] });
    await expect(reference).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('Items are not persisted when `store` is set to false.') as string,
    });
    const foreground = await create({ background: false });
    await expect(retrieve(foreground.id)).rejects.toMatchObject(MISSING);
  });
});

describe('retention', () => {
  test('a stored response is kept for 30 days, whatever the speed', async () => {
    rig = await startRig({ speed: 1000, seconds: 60 });
    const { id } = await run(rig.client, { input: 'What is Raft?' });
    await advance(rig.emulator, 30 * DAYS - 60);
    expect((await retrieve(id)).status).toBe('completed');
    await advance(rig.emulator, 120);
    const message = `404 Response with id '${id}' not found.`;
    await expect(retrieve(id)).rejects.toMatchObject({ ...MISSING, message });
    await expect(rig.client.responses.inputItems.list(id)).rejects.toMatchObject(MISSING);
    await expect(rig.client.responses.cancel(id)).rejects.toMatchObject({ ...MISSING, message });
    await expect(rig.client.responses.delete(id)).rejects.toMatchObject(MISSING);
    await expect(create({ previous_response_id: id })).rejects.toMatchObject({ code: 'previous_response_not_found' });
  });

  test('what a conversation took over has no such end', async () => {
    rig = await startRig({ seconds: 0 });
    const { id: conversation } = await rig.client.conversations.create();
    const { id } = await run(rig.client, { input: 'What is Raft?', conversation });
    await advance(rig.emulator, 400 * DAYS);
    await expect(retrieve(id)).rejects.toMatchObject(MISSING);
    const { data } = await rig.client.conversations.items.list(conversation);
    expect(data.map((item) => item.type)).toEqual(['message', 'message']);
    expect(await run(rig.client, { conversation })).toMatchObject({ conversation: { id: conversation } });
  });

  test('an open response is kept, a retention of its own is obeyed', async () => {
    rig = await startRig({ seconds: 3600, retentionSeconds: 30 });
    const { id } = await create();
    await advance(rig.emulator, 3599);
    expect((await retrieve(id)).status).toBe('in_progress');
    await advance(rig.emulator, 2);
    await expect(retrieve(id)).rejects.toMatchObject(MISSING);
  });

  test('the bytes leave the data folder too', async () => {
    rig = await startRig({ seconds: 0 });
    const marker = 'Quizzaciously 7f3a9c51e8 Raft';
    const { id } = await run(rig.client, { input: marker });
    expect(await holds(rig.dataDir, '7f3a9c51e8')).toBe(true);
    await advance(rig.emulator, 31 * DAYS);
    while (await holds(rig.dataDir, '7f3a9c51e8')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await listed(id)).toMatchObject({ status: 'deleted' });
  });

  test('what expired while nothing ran is removed at the next start', async () => {
    rig = await startRig({ seconds: 0, retentionSeconds: 0.3 });
    const { id } = await create({ input: 'Quizzaciously 5b20d7f4aa Raft' });
    const expiry = Date.now() + 300;
    await rig.emulator.close();
    while (Date.now() <= expiry) await new Promise((resolve) => setTimeout(resolve, 20));
    rig = await startRig({ dataDir: rig.dataDir });
    await expect(retrieve(id)).rejects.toMatchObject(MISSING);
    while (await holds(rig.dataDir, '5b20d7f4aa')) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

/** Whether any file of a data folder holds a text; files come and go meanwhile. */
async function holds(dataDir: string, text: string): Promise<boolean> {
  const folder = path.join(dataDir, 'db');
  const contents = await Promise.all(
    (await readdir(folder)).map((name) => readFile(path.join(folder, name)).catch(() => Buffer.alloc(0))),
  );
  return contents.some((bytes) => bytes.includes(text));
}

describe('cancel', () => {
  test('is allowed twice and leaves no output and no usage', async () => {
    rig = await startRig({ seconds: 60 });
    const { id } = await create();
    await advance(rig.emulator, 59);
    const gone = { id, status: 'cancelled', output: [], usage: null, completed_at: null, error: null };
    expect(await rig.client.responses.cancel(id)).toMatchObject(gone);
    await advance(rig.emulator, 60);
    expect(await rig.client.responses.cancel(id)).toMatchObject(gone);
    expect(await retrieve(id)).toMatchObject(gone);
  });

  test('keeps the items that were done where the switch says so', async () => {
    rig = await startRig({ seconds: 60, cancelOutput: 'kept' });
    const reasoning = { model: 'gpt-5', reasoning: { summary: 'auto' as const } };
    const early = await create(reasoning);
    expect(await rig.client.responses.cancel(early.id)).toMatchObject({ status: 'cancelled', output: [] });
    const late = await create(reasoning);
    await advance(rig.emulator, 55);
    const cancelled = await rig.client.responses.cancel(late.id);
    expect(cancelled).toMatchObject({ status: 'cancelled', usage: null, output: [{ type: 'reasoning' }] });
    expect((await retrieve(late.id)).output).toEqual(cancelled.output);
  });

  test('is for background responses alone; one that runs in the foreground is not even found', async () => {
    rig = await startRig({ seconds: 60 });
    const waiting = create({ background: false });
    let id = '';
    while (id === '') {
      const { body } = await admin(rig.emulator, 'GET /emulator/creates');
      id = (body['data'] as { id: string }[])[0]?.id ?? '';
    }
    await expect(rig.client.responses.cancel(id)).rejects.toMatchObject(MISSING);
    await expect(retrieve(id)).rejects.toMatchObject(MISSING);
    await advance(rig.emulator, 60);
    expect((await waiting).status).toBe('completed');
    expect((await retrieve(id)).status).toBe('completed');
    await expect(rig.client.responses.cancel(id)).rejects.toMatchObject({
      status: 400,
      message: '400 Cannot cancel a synchronous response.',
    });
  });
});

describe('delete', () => {
  test('takes an ended response with its items, and stays in the list of creates', async () => {
    rig = await startRig({ seconds: 0 });
    const { id } = await run(rig.client, { input: 'What is Raft?' });
    await rig.client.responses.delete(id);
    await expect(retrieve(id)).rejects.toMatchObject(MISSING);
    await expect(rig.client.responses.inputItems.list(id)).rejects.toMatchObject(MISSING);
    expect(await listed(id)).toMatchObject({ status: 'deleted' });
  });

  test('a cancelled response can be deleted', async () => {
    rig = await startRig({ seconds: 60 });
    const { id } = await create();
    await rig.client.responses.cancel(id);
    expect(await api(rig.emulator, `DELETE /responses/${id}`)).toMatchObject({ status: 200 });
  });

  test('answers as in the other contract where the switches say so', async () => {
    rig = await startRig({ seconds: 0, deleteObject: 'response.deleted', afterDelete: 400 });
    const { id } = await run(rig.client, { input: 'What is Raft?' });
    const { body } = await api(rig.emulator, `DELETE /responses/${id}`);
    expect(body).toEqual({ id, object: 'response.deleted', deleted: true });
    expect(await refusalOf(rig.emulator, `GET /responses/${id}`)).toMatchObject({
      status: 400,
      message: `Response with id '${id}' has been deleted.`,
    });
    expect(await refusalOf(rig.emulator, 'GET /responses/resp_none')).toMatchObject({ status: 404 });
  });
});
