import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** A file that can be searched. */
export interface FoundFile {
  /** From the root, with `/` between folders. */
  name: string;
  path: string;
  bytes: number;
  /** Tells two states of a file apart. */
  version: string;
}

/** Thrown for a name that leads to no file of the folder; the message is for the model. */
export class NoSuchFileError extends Error {
  override readonly name = 'NoSuchFileError';
}

const EXTENSIONS = ['.md', '.txt', '.html', '.htm', '.pdf'];

/** A folder's files that can be read: none hidden, none that a link leads out of the root to. */
export async function listFiles(root: string, maxFiles: number): Promise<{ files: FoundFile[]; more: boolean }> {
  const real = await realpath(root);
  const files: FoundFile[] = [];
  for await (const name of namesBelow(real)) {
    const file = isKnownType(name) ? await fileAt(real, name) : undefined;
    if (file && files.length === maxFiles) return { files, more: true };
    if (file) files.push(file);
  }
  return { files, more: false };
}

/** Names of what is no folder, in a fixed order. Linked folders are not entered: they may lead in circles. */
async function* namesBelow(root: string): AsyncGenerator<string> {
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const entries = await readdir(path.join(root, folder), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue;
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      else yield name;
    }
  }
}

function isKnownType(name: string): boolean {
  return EXTENSIONS.includes(path.extname(name).toLowerCase());
}

/** One file of the folder by the name that a search told. */
export async function findFile(root: string, name: string): Promise<FoundFile> {
  const real = await realpath(root);
  const parts = name.split('/');
  const isPlain = parts.every((part) => part !== '' && !part.startsWith('.') && !/[\\\0]/.test(part));
  const file = isPlain && isKnownType(name) && (await fileAt(real, name));
  if (!file)
    throw new NoSuchFileError(`"${name.slice(0, 200)}": there is no such file; give a name as a search tells it`);
  return file;
}

async function fileAt(root: string, name: string): Promise<FoundFile | undefined> {
  try {
    const target = await realpath(path.join(root, name));
    const inside = path.relative(root, target).split(path.sep);
    // Where a link leads, it must not leave the folder, nor reach what is hidden in it.
    if (inside.some((part) => part.startsWith('.')) || path.isAbsolute(inside.join(path.sep))) return undefined;
    const stats = await stat(target);
    if (!stats.isFile()) return undefined;
    return { name, path: target, bytes: stats.size, version: `${stats.size}:${stats.mtimeMs}:${stats.ino}` };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Reads a file that was found; a link that was put in its place since then is not followed. */
export async function readFound({ path: file, bytes }: FoundFile): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await handle.read(buffer, 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** A file that is gone since it was listed, or a link that leads nowhere. */
function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}
