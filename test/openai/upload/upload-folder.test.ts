import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import OpenAI from 'openai';
import { type Emulator, startEmulator } from '../../../emulator';
import { uploadFolder, type UploadedFolder, type UploadOptions, type UploadProgress } from '../../../openai';
import { apiError, json, TestServer } from '../server';

let root = '';
let directory = '';
let home = '';
let emulator: Emulator;
let client: OpenAI;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'upload-'));
  directory = join(root, 'docs');
  home = join(root, 'home');
  emulator = await startEmulator({ dataDir: join(root, 'emulator'), speed: 20 });
  client = new OpenAI({ apiKey: 'test', baseURL: emulator.url, maxRetries: 0 });
});
afterEach(async () => {
  await emulator.close();
  await rm(root, { recursive: true, force: true });
});

async function put(name: string, content: string): Promise<void> {
  await mkdir(dirname(join(directory, name)), { recursive: true });
  await writeFile(join(directory, name), content);
}

function upload(options: Partial<UploadOptions> = {}): Promise<UploadedFolder> {
  return uploadFolder({ directory, home, provider: { apiKey: 'test', baseURL: emulator.url }, ...options });
}

async function uploadedFiles(): Promise<string[]> {
  return (await client.files.list()).data.map(({ filename }) => filename);
}

/** `path` of every file of a vector store, in order. */
async function storePaths(vectorStoreId: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { attributes } of client.vectorStores.files.list(vectorStoreId))
    paths.push(String(attributes?.['path']));
  return paths.toSorted();
}

describe('uploadFolder', () => {
  it('makes a folder searchable, with the names of its files', async () => {
    await put('raft.md', '# Raft\n\nRaft elects one leader for each term.');
    await put('deep/paxos.txt', 'Paxos has proposers and acceptors.');
    await put('vr.html', '<html><body><p>Viewstamped replication changes views.</p></body></html>');
    const seen: UploadProgress[] = [];
    const result = await upload({ onProgress: (progress) => seen.push(progress) });

    expect(result.files.map(({ name, reused }) => [name, reused])).toEqual([
      ['deep/paxos.txt', false],
      ['raft.md', false],
      ['vr.html', false],
    ]);
    expect(result.failed).toEqual([]);
    const { data } = await client.vectorStores.search(result.vectorStoreId, { query: 'Who are the acceptors?' });
    expect(data[0]?.file_id).toBe(result.files[0]?.fileId);
    expect(data[0]?.filename).toMatch(/paxos\.txt$/);
    expect(await storePaths(result.vectorStoreId)).toEqual(['deep/paxos.txt', 'raft.md', 'vr.html']);

    const uploads = seen.filter(({ stage }) => stage === 'upload');
    expect(uploads.map(({ done, total }) => [done, total])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(uploads.map(({ name }) => name).toSorted()).toEqual(['deep/paxos.txt', 'raft.md', 'vr.html']);
    expect(seen.at(-1)).toMatchObject({ stage: 'processing', done: 3, total: 3 });
  });

  it('lets the vector store and its files expire', async () => {
    await put('raft.md', 'Raft elects one leader.');
    const { vectorStoreId, files } = await upload({ expiresAfterDays: 3 });
    expect((await client.vectorStores.retrieve(vectorStoreId)).expires_after).toEqual({
      anchor: 'last_active_at',
      days: 3,
    });
    const file = await client.files.retrieve(files[0]?.fileId ?? '');
    expect((file.expires_at ?? 0) - file.created_at).toBe(30 * 86_400);
    await expect(upload({ expiresAfterDays: 40 })).rejects.toThrow('expected a whole number from 1 to 15, got 40');
  });

  it('sends equal contents once, and an unchanged folder not at all', async () => {
    await put('a.md', 'The same words.');
    await put('b.md', 'The same words.');
    await put('c.md', 'Other words.');
    const first = await upload();
    expect(first.files.map(({ name, reused }) => [name, reused])).toEqual([
      ['a.md', false],
      ['b.md', true],
      ['c.md', false],
    ]);
    expect(first.files[0]?.fileId).toBe(first.files[1]?.fileId);
    expect(await uploadedFiles()).toHaveLength(2);

    const second = await upload();
    expect(second.vectorStoreId).toBe(first.vectorStoreId);
    expect(second.files.every(({ reused }) => reused)).toBe(true);
    expect(await uploadedFiles()).toHaveLength(2);
  });

  it('gives a changed folder a store of its own and leaves the old one as it was', async () => {
    await put('a.md', 'The lighthouse was lit in 1811.');
    const old = await upload();
    await put('a.md', 'The lighthouse was lit in 1812.');
    const changed = await upload();
    expect(changed.vectorStoreId).not.toBe(old.vectorStoreId);
    const { data } = await client.vectorStores.search(old.vectorStoreId, { query: 'When was the lighthouse lit?' });
    expect(JSON.stringify(data)).toContain('1811');
    expect(JSON.stringify(data)).not.toContain('1812');
    await put('a.md', 'The lighthouse was lit in 1811.');
    expect((await upload()).vectorStoreId).toBe(old.vectorStoreId);
  });

  it('does not take the store of another provider, nor one that is gone', async () => {
    await put('a.md', 'Words.');
    const first = await upload();
    const other = await upload({ provider: { apiKey: 'test', baseURL: emulator.url, origin: 'another' } });
    expect(other.vectorStoreId).not.toBe(first.vectorStoreId);
    await client.vectorStores.delete(first.vectorStoreId);
    const again = await upload();
    expect(again.vectorStoreId).not.toBe(first.vectorStoreId);
    expect(await storePaths(again.vectorStoreId)).toEqual(['a.md']);
  });

  it('sends a file again that the provider has lost meanwhile', async () => {
    await put('a.md', 'Words.');
    await put('b.md', 'More words.');
    const first = await upload();
    await client.files.delete(first.files[0]?.fileId ?? '');
    const second = await upload();
    expect(second.vectorStoreId).toBe(first.vectorStoreId);
    expect(second.files.map(({ reused }) => reused)).toEqual([false, true]);
    expect(await storePaths(second.vectorStoreId)).toEqual(['a.md', 'b.md']);
  });

  it('lists what the provider cannot read, and uses the rest', async () => {
    await put('good.md', 'Words.');
    await put('broken.pdf', '%PDF-1.4 nothing');
    const { files, failed } = await upload();
    expect(files.map(({ name }) => name)).toEqual(['good.md']);
    expect(failed).toEqual([{ name: 'broken.pdf', reason: expect.stringContaining('cannot be read') as string }]);
  });

  it('is refused when nothing can be read', async () => {
    await put('broken.pdf', '%PDF-1.4 nothing');
    await expect(upload()).rejects.toThrow(/folder .*docs is not valid: broken\.pdf: .*cannot be read/);
  });

  it('goes on from a journal that broke off', async () => {
    await put('a.md', 'Words.');
    await put('b.md', 'More words.');
    const first = await upload();
    const [journal = ''] = await readdir(join(home, 'uploads'));
    await appendFile(join(home, 'uploads', journal), '{"sha256":"0123');
    expect((await upload()).vectorStoreId).toBe(first.vectorStoreId);
    await truncate(join(home, 'uploads', journal), 20);
    const anew = await upload();
    expect(anew.vectorStoreId).not.toBe(first.vectorStoreId);
    expect(await storePaths(anew.vectorStoreId)).toEqual(['a.md', 'b.md']);
  });

  it('leaves each content once when two calls run at the same time', async () => {
    for (let i = 0; i < 12; i += 1) await put(`${i}.md`, `Words ${i}.`);
    const results = await Promise.all([upload(), upload()]);
    for (const { vectorStoreId, files } of [...results, await upload()]) {
      expect(files).toHaveLength(12);
      expect(await storePaths(vectorStoreId)).toHaveLength(12);
    }
  });
});

describe('an upload that is killed', () => {
  it('is continued without duplicates', async () => {
    const total = 40;
    for (let i = 0; i < total; i += 1) await put(`${i}.md`, `Words number ${i}.`);
    const hook = join(__dirname, '../../store/typescript-hook.js');
    const args = ['-r', hook, join(__dirname, 'uploader.js'), directory, home, emulator.url];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const chunk of child.stdout) if (Number(String(chunk).trim().split('\n').at(-1)) >= 8) break;
    child.kill('SIGKILL');
    await once(child, 'exit');
    const before = (await uploadedFiles()).length;
    expect(before).toBeLessThan(total);

    const { vectorStoreId, files, failed } = await upload();
    expect(failed).toEqual([]);
    expect(files).toHaveLength(total);
    expect(files.filter(({ reused }) => reused).length).toBeGreaterThanOrEqual(8);
    expect(await storePaths(vectorStoreId)).toHaveLength(total);
    expect((await client.vectorStores.list()).data).toHaveLength(1);
    // Only the files that were on their way at the kill can have been sent twice.
    expect((await uploadedFiles()).length).toBeLessThanOrEqual(total + 4);
  });
});

describe('on the wire', () => {
  let server: TestServer;
  afterEach(() => server.stop());

  const provider = (): UploadOptions['provider'] => ({ apiKey: 'test', baseURL: server.baseURL });

  it('sends the whole name of a file', async () => {
    await put('docs/Zoë "x".md', 'Words.');
    server = await new TestServer(({ method, path }, res) => {
      const sent = server.seen.find(
        (seen) => seen.method === 'POST' && seen.path.endsWith('/files') && seen.body.startsWith('{'),
      );
      const member = sent && { id: 'file-1', status: 'completed', ...(JSON.parse(sent.body) as object) };
      if (path.endsWith('/vector_stores')) json(res, { id: 'vs_1', status: 'completed' });
      else if (path === '/v1/files') json(res, { id: 'file-1' });
      else
        json(
          res,
          method === 'GET'
            ? { data: member ? [member] : [], has_more: false }
            : { id: 'file-1', status: 'in_progress' },
        );
    }).start();
    const { files } = await upload({ provider: provider() });
    expect(files).toEqual([{ name: 'docs/Zoë "x".md', fileId: 'file-1', reused: false }]);
    const form = Buffer.from(server.seen.find(({ path }) => path === '/v1/files')?.body ?? '', 'latin1').toString();
    expect(form).toContain('filename="docs/Zoë %22x%22.md"');
    expect(form).toContain('name="purpose"\r\n\r\nassistants');
    expect(form).toContain('Words.');
  });

  it('ends at once with a key that is refused', async () => {
    for (let i = 0; i < 20; i += 1) await put(`${i}.md`, `Words ${i}.`);
    server = await new TestServer((_, res) => apiError(res, 401)).start();
    await expect(upload({ provider: provider() })).rejects.toMatchObject({
      type: 'Unauthorized',
      message: expect.stringMatching(/could not create a vector store.*OPENAI_API_KEY/) as string,
    });
    expect(server.seen).toHaveLength(1);
  });

  it('tries a call again that failed by the server', async () => {
    await put('a.md', 'Words.');
    let failures = 2;
    server = await new TestServer(({ path }, res) => {
      if (failures-- > 0) apiError(res, 503);
      else if (path.endsWith('/vector_stores')) json(res, { id: 'vs_1', status: 'completed' });
      else apiError(res, 403);
    }).start();
    await expect(upload({ provider: provider() })).rejects.toMatchObject({ type: 'Unauthorized' });
    expect(server.seen.filter(({ path }) => path.endsWith('/vector_stores'))).toHaveLength(3);
  });
});
