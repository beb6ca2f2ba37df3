import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileStore } from '../../store/files';
import { type OutputStore, type StoredOutput } from '../../store/port';
import { providerStore } from '../../store/provider';

let root = '';
let warnings: string[] = [];
let store: OutputStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'store-'));
  warnings = [];
  store = createFileStore(root, { warn: (message) => warnings.push(message) });
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const output = (responseId: string, text = 'Raft — ö 😀'): StoredOutput => ({
  responseId,
  status: 'completed',
  model: 'gpt-5.5',
  output: [{ type: 'message', content: [{ type: 'output_text', text }] }],
});

/** Every file of the store, without the directories. */
async function files(): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function onlyFile(): Promise<string> {
  const [path, ...more] = await files();
  if (path === undefined || more.length > 0) throw new Error(`expected one file, got ${more.length + 1}`);
  return path;
}

describe('outputs', () => {
  it('come back as they were put, in another store on the same root', async () => {
    await store.putOutput(output('resp_1'));
    expect(await createFileStore(root).getOutput('resp_1')).toEqual(output('resp_1'));
    expect(await onlyFile()).toMatch(/outputs\/[0-9a-f]{2}\/resp_1\.json$/);
  });

  it('are absent where nobody put them', async () => {
    expect(await store.getOutput('resp_1')).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('may be put again', async () => {
    await Promise.all(Array.from({ length: 20 }, () => store.putOutput(output('resp_1'))));
    expect(await store.getOutput('resp_1')).toEqual(output('resp_1'));
    expect(await files()).toHaveLength(1);
  });

  it.each([
    '../../etc/passwd',
    '..',
    '.',
    '',
    '/etc/passwd',
    'a/b',
    'C:\\x',
    'x\0y',
    'CON',
    'ö',
    'r'.repeat(5_000),
    'a.b==',
  ])('stay under the root whatever the id: %j', async (id) => {
    await store.putOutput(output(id));
    expect(await store.getOutput(id)).toEqual(output(id));
    expect(await onlyFile()).toMatch(/^[\x20-\x7e]+\/outputs\/[0-9a-f]{2}\/[A-Za-z0-9_-]+\.json$/);
    expect((await onlyFile()).startsWith(root)).toBe(true);
  });

  it.each([
    ['a half file', (path: string) => truncate(path, 40)],
    ['an empty file', (path: string) => writeFile(path, '')],
    ['JSON of another shape', (path: string) => writeFile(path, '{"responseId":"resp_1"}')],
    ['the output of another response', (path: string) => writeFile(path, JSON.stringify(output('RESP_1')))],
  ])('count as absent when the file is %s', async (_, damage) => {
    await store.putOutput(output('resp_1'));
    await damage(await onlyFile());
    expect(await store.getOutput('resp_1')).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('resp_1');
    await store.putOutput(output('resp_1'));
    expect(await store.getOutput('resp_1')).toEqual(output('resp_1'));
  });

  it('are not taken for absent when the disk cannot be read', async () => {
    await store.putOutput(output('resp_1'));
    const path = await onlyFile();
    await rm(path);
    await writeFile(join(root, 'blocker'), '');
    const broken = createFileStore(join(root, 'blocker'));
    await expect(broken.getOutput('resp_1')).rejects.toThrow('ENOTDIR');
    await expect(broken.putOutput(output('resp_1'))).rejects.toThrow(/ENOTDIR|EEXIST/);
  });

  it('are readable by their owner alone', async () => {
    await store.putOutput(output('resp_1'));
    expect((await stat(await onlyFile())).mode & 0o077).toBe(0);
  });
});

describe('prompts', () => {
  it('are kept under the hash of their content', async () => {
    const ref = await store.putPrompt('Explain Raft. ö');
    expect(ref).toMatch(/^[0-9a-f]{64}$/);
    expect(await store.putPrompt('Explain Raft. ö')).toBe(ref);
    expect(await store.getPrompt(ref ?? '')).toBe('Explain Raft. ö');
    expect(await onlyFile()).toBe(join(root, 'prompts', String(ref).slice(0, 2), String(ref)));
  });

  it('are absent for a reference that is none', async () => {
    await writeFile(join(root, 'secret'), 'x');
    for (const ref of ['', '../secret', '0'.repeat(63), 'f'.repeat(64)]) {
      expect(await store.getPrompt(ref)).toBeUndefined();
    }
  });

  it('are never wrong: a damaged one counts as absent, and is healed by the next put', async () => {
    const ref = (await store.putPrompt('Explain Raft.')) ?? '';
    await writeFile(await onlyFile(), 'Explain Paxos.');
    expect(await store.getPrompt(ref)).toBeUndefined();
    expect(warnings).toHaveLength(1);
    await store.putPrompt('Explain Raft.');
    expect(await store.getPrompt(ref)).toBe('Explain Raft.');
  });
});

describe('a process that dies while it writes', () => {
  it('leaves whole files only', async () => {
    const args = ['-r', join(__dirname, 'typescript-hook.js'), join(__dirname, 'writer.js'), root];
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const written = (await files()).filter((path) => path.endsWith('.json'));
    expect(written.length).toBeGreaterThan(0);
    for (const path of written) {
      const { responseId } = JSON.parse(await readFile(path, 'utf8')) as StoredOutput;
      expect((await store.getOutput(responseId))?.output).toHaveLength(1);
    }
    expect(warnings).toEqual([]);
  });
});

describe('providerStore', () => {
  it('keeps nothing', async () => {
    await providerStore.putOutput(output('resp_1'));
    expect(await providerStore.getOutput('resp_1')).toBeUndefined();
    expect(await providerStore.putPrompt('x')).toBeUndefined();
    expect(await providerStore.getPrompt('x')).toBeUndefined();
  });
});
