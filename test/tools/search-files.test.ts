import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { searchFiles, type SearchFilesOptions, type Tool } from '../../tools';
import { makePdf } from '../emulator/pdf-fixture';
import { call } from './contexts';

let parent: string;
let root: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'search-files-'));
  root = join(parent, 'root');
  mkdirSync(root);
  write(
    'raft.md',
    '# Raft\n\nA leader is elected.\n\nThe leader appends entries; followers copy them from the leader.\n',
  );
  write('paxos.txt', 'Paxos has proposers and acceptors.\nAn acceptor promises.\n');
  write(
    'page.html',
    '<title>On Zab</title><h1>Zab</h1><p>A primary broadcasts to its backups.</p><script>leader()</script>',
  );
  write('deep/er/report.pdf', makePdf(['The quorum of the report.']));
  write('.hidden.md', 'leader in a hidden file');
  write('.git/config.md', 'leader in a hidden folder');
  write('program.js', 'leader of another type');
  writeFileSync(join(parent, 'outside.md'), 'leader outside of the folder');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function write(name: string, content: string | Buffer): void {
  mkdirSync(join(root, name, '..'), { recursive: true });
  writeFileSync(join(root, name), content);
}

interface Found {
  passages: { file: string; text: string; line: number; page?: number }[];
  found: string;
  unreadable?: string[];
}

const make = (options: Partial<SearchFilesOptions> = {}): Tool => searchFiles({ root, ...options });
const search = async (query: string, tool = make()): Promise<Found> => (await call(tool, { query })) as Found;
const filesOf = ({ passages }: Found): string[] => passages.map(({ file }) => file);

test('a passage comes with its file and line', async () => {
  expect(await search('promises')).toEqual({
    passages: [{ file: 'paxos.txt', line: 1, text: 'Paxos has proposers and acceptors.\nAn acceptor promises.' }],
    found: '1 passages in 4 files',
  });
});

test('HTML is searched as its text, and PDF by its pages', async () => {
  expect((await search('broadcasts')).passages).toEqual([
    { file: 'page.html', line: 1, text: 'On Zab\n\n# Zab\n\nA primary broadcasts to its backups.' },
  ]);
  expect((await search('quorum')).passages).toEqual([
    { file: 'deep/er/report.pdf', line: 1, page: 1, text: 'The quorum of the report.' },
  ]);
});

test('neither hidden files, nor other types, nor scripts of a page are searched', async () => {
  expect(filesOf(await search('leader'))).toEqual(['raft.md']);
});

test('words are found by their beginning, without case and accents, and not within others', async () => {
  write('words.md', 'Crème brûlée with UNDERSTANDING');
  expect(filesOf(await search('creme'))).toEqual(['words.md']);
  expect(filesOf(await search('BRÛLÉE'))).toEqual(['words.md']);
  expect(filesOf(await search('understand'))).toEqual(['words.md']);
  expect(filesOf(await search('standing'))).toEqual([]);
  expect(filesOf(await search('wit'))).toEqual([]);
});

test('the passage with more and rarer words of the query comes first', async () => {
  for (let n = 0; n < 5; n += 1) write(`common-${n}.md`, 'the report of the report of the report');
  write('rare.md', 'the zymurgy');
  expect(filesOf(await search('zymurgy report'))[0]).toBe('rare.md');
  write('both.md', 'a report on zymurgy');
  expect(filesOf(await search('zymurgy report'))[0]).toBe('both.md');
});

test('number and size of passages are bounded', async () => {
  write('long.md', 'leader '.repeat(3_000));
  write('many.md', Array.from({ length: 50 }, () => `leader\n${'x'.repeat(600)}`).join('\n\n'));
  const { passages, found } = await search('leader', make({ maxPassages: 3 }));
  expect(passages).toHaveLength(3);
  expect(passages.every(({ text }) => text.length <= 1_000)).toBe(true);
  expect(found).toMatch(/^\d\d passages in 6 files$/);
});

test('a file that is changed, new or gone is so in the next search', async () => {
  const tool = make();
  expect(filesOf(await search('backups', tool))).toEqual(['page.html']);
  write('page.html', '<p>Nothing of that kind any more.</p>');
  expect(filesOf(await search('backups', tool))).toEqual([]);
  write('new.html', '<p>New backups.</p>');
  expect(filesOf(await search('backups', tool))).toEqual(['new.html']);
  unlinkSync(join(root, 'new.html'));
  expect(filesOf(await search('backups', tool))).toEqual([]);
});

test('links lead to files of the folder alone', async () => {
  symlinkSync(join(parent, 'outside.md'), join(root, 'out.md'));
  symlinkSync('../outside.md', join(root, 'relative.md'));
  symlinkSync(parent, join(root, 'up'));
  symlinkSync('.hidden.md', join(root, 'to-hidden.md'));
  symlinkSync('nowhere.md', join(root, 'broken.md'));
  symlinkSync('raft.md', join(root, 'same.md'));
  expect(filesOf(await search('leader'))).toEqual(['raft.md', 'same.md']);
  await expect(call(make(), { file: 'out.md' })).rejects.toThrow(/there is no such file/);
  await expect(call(make(), { file: 'up/outside.md' })).rejects.toThrow(/there is no such file/);
});

test.each([
  '../outside.md',
  'deep/../../outside.md',
  '/etc/hosts.txt',
  '..\\outside.md',
  '.hidden.md',
  '.git/config.md',
  './raft.md',
  'program.js',
  'missing.md',
  'deep/er',
  'raft.md\0.txt',
])('reading %j is refused', async (file) => {
  const told = await call(make(), { file }).catch(String);
  expect(told).toMatch(/search_files: ".*": there is no such file; give a name as a search tells it/s);
  expect(told).not.toContain(parent);
});

test('a file is read from a line on, and further where it was cut', async () => {
  const lines = Array.from({ length: 500 }, (_, index) => `line ${index + 1} ${'x'.repeat(90)}`);
  write('lines.md', lines.join('\n'));
  const first = (await call(make(), { file: 'lines.md', line: 3 })) as { text: string; cut: string };
  expect(first.text.startsWith('line 3 ')).toBe(true);
  const next = Number(/read on with line: (\d+)$/.exec(first.cut)?.[1]);
  expect(first.text.split('\n')).toEqual(lines.slice(2, next - 1));
  const second = (await call(make(), { file: 'lines.md', line: next })) as { text: string };
  expect(second.text.startsWith(`line ${next} `)).toBe(true);
  expect(await call(make(), { file: 'deep/er/report.pdf', page: 1 })).toEqual({
    file: 'deep/er/report.pdf',
    page: 1,
    pages: 1,
    line: 1,
    text: 'The quorum of the report.',
  });
});

test.each([
  [{ file: 'raft.md', line: 99 }, /"raft.md" has 6 lines, line 99 was asked for/],
  [{ file: 'deep/er/report.pdf', page: 2 }, /has 1 pages, page 2 was asked for/],
  [{}, /give a query of words to search for, or a file to read in/],
  [{ query: ' ?! ' }, /give a query of words/],
])('%j is told what is wrong', async (args, message) => {
  await expect(call(make(), args)).rejects.toThrow(message);
});

test('a file that cannot be read is told of, and the others are searched', async () => {
  write('broken.pdf', 'this is no PDF');
  write('binary.txt', Buffer.from([0xc3, 0x28, 0xa0, 0xff]));
  write('large.md', 'leader '.repeat(1_000));
  const found = await search('leader', make({ maxFileBytes: 5_000 }));
  expect(filesOf(found)).toEqual(['raft.md']);
  expect(found.unreadable).toEqual([
    'binary.txt: it is neither UTF-8 nor UTF-16',
    'broken.pdf: Invalid PDF structure.',
    'large.md: it is larger than 5000 bytes',
  ]);
});

test('a folder that is not there is told without its path', async () => {
  const told = await search('leader', make({ root: join(parent, 'missing') })).catch(String);
  expect(told).toBe('Error: search_files: it cannot be read (ENOENT)');
});

test('more files than the bound are not searched, and it is said', async () => {
  expect((await search('leader', make({ maxFiles: 2 }))).found).toBe(
    '0 passages in 2 files, and more files that were not searched',
  );
});

test('what is no file does not hold up the search', async () => {
  const socket = createServer();
  await once(socket.listen(join(root, 'socket.md')), 'listening');
  // Whoever opens it waits for somebody who writes.
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(root, 'pipe.md')]);
  try {
    expect(filesOf(await search('leader'))).toEqual(['raft.md']);
  } finally {
    socket.close();
  }
});

test('a call that is cancelled ends with the reason of that', async () => {
  const gone = AbortSignal.abort(new Error('the run was cancelled'));
  await expect(call(make(), { query: 'leader' }, gone)).rejects.toThrow('the run was cancelled');
});

test('a thousand files are searched', async () => {
  const text = 'Followers copy what the leader appends to its log of entries.\n\n'.repeat(300);
  for (let n = 0; n < 1_000; n += 1) write(`many/${n}.md`, text);
  expect((await search('entries', make())).found).toMatch(/in 1004 files/);
});

test('names and descriptions tell folders apart', () => {
  const tool = make({ name: 'search_handbook', about: 'The handbook.', timeout: '10s' });
  expect(tool).toMatchObject({ name: 'search_handbook', timeoutMs: 15_000, needsApproval: false });
  expect(tool.description).toMatch(/The handbook\.$/);
  expect(() => make({ timeout: 'soon' })).toThrow(/search_files: timeout: expected a duration, got "soon"/);
});
