import { toFile } from 'openai';
import { startRig, type Rig } from './helpers';
import { makePdf } from './pdf-fixture';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ speed: 10 });
});
afterAll(() => rig.stop());

async function upload(name: string, content: string | Buffer): Promise<string> {
  const file = await toFile(Buffer.from(content), name);
  return (await rig.client.files.create({ file, purpose: 'assistants' })).id;
}

test('a file is uploaded, listed, read back and deleted', async () => {
  const { files } = rig.client;
  const name = 'Zoë – notes.md';
  const id = await upload(name, '# Notes\n\nHello.');
  expect(await files.retrieve(id)).toMatchObject({ object: 'file', filename: name, bytes: 15, status: 'processed' });
  expect((await files.list()).data.map((file) => file.id)).toContain(id);
  expect(await (await files.content(id)).text()).toBe('# Notes\n\nHello.');
  expect(await files.delete(id)).toMatchObject({ id, deleted: true });
  await expect(files.retrieve(id)).rejects.toMatchObject({ status: 404 });
});

test('an upload without a file or with an unknown purpose is refused', async () => {
  const headers = { authorization: 'Bearer test' };
  const form = new FormData();
  form.set('purpose', 'assistants');
  const missing = await fetch(`${rig.emulator.url}/files`, { method: 'POST', headers, body: form });
  expect([missing.status, await missing.json()]).toMatchObject([400, { error: { param: 'file' } }]);
  form.set('file', new File(['x'], 'x.txt'));
  form.set('purpose', 'fun');
  const wrong = await fetch(`${rig.emulator.url}/files`, { method: 'POST', headers, body: form });
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: { param: 'purpose' } }]);
});

describe('a vector store', () => {
  const html =
    '<html><head><title>T</title></head><body><nav>Menu</nav><h1>Lighthouse</h1><p>The lamp was lit in 1811.</p></body></html>';

  test.each([
    ['plan.md', '# Plan\n\nThe bridge opens in May.', 'bridge'],
    ['page.html', html, 'lamp'],
    ['report.pdf', makePdf(['Pump report', 'Coolant pump seven failed on', '14 March and was replaced.']), 'coolant'],
  ])('reads %s', async (name, content, word) => {
    const { vectorStores } = rig.client;
    const { id } = await vectorStores.create({ name: 'v' });
    const member = await vectorStores.files.createAndPoll(id, { file_id: await upload(name, content) });
    expect(member).toMatchObject({ status: 'completed', last_error: null, vector_store_id: id });

    const { data } = await vectorStores.search(id, { query: `What about the ${word}?` });
    expect(data[0]).toMatchObject({ filename: name });
    expect(data[0]?.content[0]?.text).toMatch(new RegExp(word, 'i'));
    expect(data[0]?.content[0]?.text).not.toMatch(/Menu|<p>/);
  });

  test.each([
    ['broken.pdf', '%PDF-1.4 nothing', 'invalid_file'],
    ['photo.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0xff, 0xfe, 0]), 'unsupported_file'],
    ['empty.txt', ' \n', 'invalid_file'],
  ])('reports why %s cannot be read', async (name, content, code) => {
    const { vectorStores } = rig.client;
    const { id } = await vectorStores.create({});
    const member = await vectorStores.files.createAndPoll(id, { file_id: await upload(name, content) });
    expect(member).toMatchObject({ status: 'failed', last_error: { code } });
    expect(member.last_error?.message).toContain(name);
  });

  test('takes files in a batch, counts them, and expires after its last use', async () => {
    const { vectorStores } = rig.client;
    const first = await upload('a.txt', 'Alpha is first.');
    const store = await vectorStores.create({
      file_ids: [first],
      expires_after: { anchor: 'last_active_at', days: 2 },
      metadata: { run: 'r' },
    });
    const fileIds = [await upload('b.txt', 'Beta is second.'), await upload('c.bin', Buffer.from([0, 1, 0xff]))];
    const batch = await vectorStores.fileBatches.createAndPoll(store.id, { file_ids: fileIds });
    expect(batch).toMatchObject({ status: 'completed', file_counts: { completed: 1, failed: 1, total: 2 } });

    const now = await vectorStores.retrieve(store.id);
    expect(now).toMatchObject({ metadata: { run: 'r' }, file_counts: { completed: 2, failed: 1, total: 3 } });
    expect(now.expires_at).toBe((now.last_active_at ?? 0) + 2 * 86_400);

    await rig.client.files.delete(first);
    const left = await vectorStores.files.list(store.id);
    expect(left.data.map((file) => file.id).toSorted()).toEqual(fileIds.toSorted());
    await vectorStores.files.delete(fileIds[0] ?? '', { vector_store_id: store.id });
    expect(await vectorStores.delete(store.id)).toMatchObject({ deleted: true });
    await expect(vectorStores.retrieve(store.id)).rejects.toMatchObject({ status: 404 });
  });

  test('names an unknown file', async () => {
    const { id } = await rig.client.vectorStores.create({});
    const adding = rig.client.vectorStores.files.create(id, { file_id: 'file-none' });
    await expect(adding).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('file-none') as string,
    });
  });
});
