import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InvalidInputError } from '../../contract/issues';

/** Bounds of one folder; the API itself takes 512 MB a file and 10,000 files a vector store. */
const MAX_FILES = 2_000;
const MAX_FILE_BYTES = 100 * 1024 * 1024;
const MAX_TOTAL_BYTES = 1024 * 1024 * 1024;

/** Types that are uploaded, and the extension by which the API knows each. */
const EXTENSIONS: Record<string, string> = {
  '.md': '.md',
  '.markdown': '.md',
  '.txt': '.txt',
  '.text': '.txt',
  '.html': '.html',
  '.htm': '.html',
  '.pdf': '.pdf',
};

/** A file to upload. */
export type FolderFile = {
  path: string;
  /** Path inside the folder with `/`, under which citations name it. */
  name: string;
  /** Name on the wire: `name` with an extension that the API knows. */
  wireName: string;
  bytes: number;
  sha256: string;
};

/** A file that is left out, and why. */
export type Skipped = { name: string; reason: string };

/** What a folder holds; both lists are sorted by name. */
export type Folder = { files: FolderFile[]; skipped: Skipped[] };

/**
 * Reads a folder: Markdown, text, HTML and PDF, at any depth. Names that begin with a dot and `node_modules` are passed
 * over. Symbolic links are not followed: what they lead to is in the folder already, or does not belong to it.
 * @throws InvalidInputError for a folder that is none, holds nothing to upload, or is over a bound.
 */
export async function readFolder(directory: string): Promise<Folder> {
  const root = await openRoot(directory);
  const entries = await listEntries(root);
  const found: Omit<FolderFile, 'sha256'>[] = [];
  const skipped: Skipped[] = [];
  for (const { path, link } of entries) {
    const name = relative(root, path).split(sep).join('/');
    const extension = EXTENSIONS[extname(name).toLowerCase()];
    const bytes = link ? 0 : (await stat(path)).size;
    if (link) skipped.push({ name, reason: 'is a symbolic link, which is not followed' });
    else if (extension === undefined) skipped.push({ name, reason: 'is not Markdown, text, HTML or PDF' });
    else if (bytes === 0) skipped.push({ name, reason: 'is empty' });
    else found.push({ path, name, wireName: name.endsWith(extension) ? name : name + extension, bytes });
  }
  checkBounds(directory, found, skipped);
  const files: FolderFile[] = [];
  for (const file of found) files.push({ ...file, sha256: await hashFile(file.path) });
  return { files, skipped };
}

/** Content of a folder as one hash: the same names with the same bytes. */
export function folderDigest(files: readonly FolderFile[]): string {
  const lines = files.map(({ name, sha256 }) => JSON.stringify([name, sha256]));
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

async function openRoot(directory: string): Promise<string> {
  const root = await realpath(directory).catch((error: NodeJS.ErrnoException) => {
    throw invalid(directory, `cannot be opened (${error.code ?? error.message})`);
  });
  if (!(await stat(root)).isDirectory()) throw invalid(directory, 'expected a folder, got a file');
  return root;
}

type Entry = { path: string; link: boolean };

async function listEntries(directory: string): Promise<Entry[]> {
  const found: Entry[] = [];
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) found.push(...(await listEntries(path)));
    else if (entry.isFile() || entry.isSymbolicLink()) found.push({ path, link: entry.isSymbolicLink() });
  }
  return found;
}

function checkBounds(directory: string, files: readonly { name: string; bytes: number }[], skipped: Skipped[]): void {
  if (files.length === 0) {
    const instead =
      skipped.length > 0
        ? `; left out: ${skipped
            .slice(0, 5)
            .map(({ name }) => name)
            .join(', ')}`
        : '';
    throw invalid(directory, `expected Markdown, text, HTML or PDF files, found none${instead}`);
  }
  if (files.length > MAX_FILES) {
    throw invalid(directory, `expected at most ${MAX_FILES} files, found ${files.length}; name a smaller folder`);
  }
  const large = files.find(({ bytes }) => bytes > MAX_FILE_BYTES);
  if (large) {
    throw invalid(
      directory,
      `${large.name} has ${megabytes(large.bytes)}, expected at most ${megabytes(MAX_FILE_BYTES)}`,
    );
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > MAX_TOTAL_BYTES) {
    throw invalid(directory, `expected at most ${megabytes(MAX_TOTAL_BYTES)} in all, found ${megabytes(total)}`);
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MB`;
}

function invalid(directory: string, message: string): InvalidInputError {
  return new InvalidInputError(`folder ${directory}`, [{ path: [], message }]);
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
