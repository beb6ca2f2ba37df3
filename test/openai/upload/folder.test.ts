import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { folderDigest, readFolder } from '../../../openai/upload/folder';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'folder-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function put(name: string, content = name): Promise<void> {
  await mkdir(dirname(join(directory, name)), { recursive: true });
  await writeFile(join(directory, name), content);
}

describe('readFolder', () => {
  it('finds Markdown, text, HTML and PDF at any depth, and says what it leaves out', async () => {
    const names = ['a.md', 'docs/raft.md', 'docs/deep/p.PDF', 'b.txt', 'c.html', 'd.htm', 'e.markdown'];
    for (const name of [...names, 'photo.png', 'Makefile', '.hidden.md', '.git/x.md', 'node_modules/y.md'])
      await put(name);
    await put('empty.md', '');
    const { files, skipped } = await readFolder(directory);
    expect(files.map(({ name }) => name)).toEqual(names.toSorted());
    expect(files.find(({ name }) => name === 'd.htm')?.wireName).toBe('d.htm.html');
    expect(files.find(({ name }) => name === 'docs/deep/p.PDF')?.wireName).toBe('docs/deep/p.PDF.pdf');
    expect(files.find(({ name }) => name === 'a.md')).toMatchObject({
      wireName: 'a.md',
      bytes: 4,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(skipped).toEqual([
      { name: 'Makefile', reason: 'is not Markdown, text, HTML or PDF' },
      { name: 'empty.md', reason: 'is empty' },
      { name: 'photo.png', reason: 'is not Markdown, text, HTML or PDF' },
    ]);
  });

  it('follows no symbolic link, wherever it leads', async () => {
    await put('a.md');
    await symlink('/etc/passwd', join(directory, 'passwd.txt'));
    await symlink('/etc', join(directory, 'etc'));
    await symlink(directory, join(directory, 'loop'));
    await symlink('nowhere', join(directory, 'dangling.md'));
    const { files, skipped } = await readFolder(directory);
    expect(files.map(({ name }) => name)).toEqual(['a.md']);
    expect(skipped.map(({ name }) => name)).toEqual(['dangling.md', 'etc', 'loop', 'passwd.txt']);
  });

  it('may itself be reached by a link', async () => {
    await put('real/a.md');
    await symlink(join(directory, 'real'), join(directory, 'link'));
    expect((await readFolder(join(directory, 'link'))).files.map(({ name }) => name)).toEqual(['a.md']);
  });

  it('changes its digest with content and names, not with times', async () => {
    const digest = async (): Promise<string> => folderDigest((await readFolder(directory)).files);
    await put('a.md', 'one');
    const first = await digest();
    await put('a.md', 'one');
    expect(await digest()).toBe(first);
    await put('a.md', 'two');
    const second = await digest();
    expect(second).not.toBe(first);
    await rm(join(directory, 'a.md'));
    await put('b.md', 'two');
    expect(await digest()).not.toBe(second);
  });

  it('refuses what cannot be used, and names it', async () => {
    await expect(readFolder(join(directory, 'none'))).rejects.toThrow(/folder .*none is not valid.*ENOENT/);
    await expect(readFolder(directory)).rejects.toThrow('found none');
    await put('photo.png');
    await expect(readFolder(directory)).rejects.toThrow(/found none; left out: photo\.png/);
    await expect(readFolder(join(directory, 'photo.png'))).rejects.toThrow('expected a folder, got a file');
  });

  it('bounds sizes and count', async () => {
    await put('large.md');
    await truncate(join(directory, 'large.md'), 101 * 1024 * 1024);
    await expect(readFolder(directory)).rejects.toThrow('large.md has 101 MB, expected at most 100 MB');
    await rm(join(directory, 'large.md'));
    for (let i = 0; i < 11; i += 1) {
      await put(`big-${i}.txt`);
      await truncate(join(directory, `big-${i}.txt`), 100 * 1024 * 1024);
    }
    await expect(readFolder(directory)).rejects.toThrow('expected at most 1024 MB in all, found 1100 MB');
    await rm(directory, { recursive: true });
    await mkdir(directory);
    await Promise.all(Array.from({ length: 2_001 }, (_, i) => put(`${i}.md`)));
    await expect(readFolder(directory)).rejects.toThrow('expected at most 2000 files, found 2001');
  });
});
