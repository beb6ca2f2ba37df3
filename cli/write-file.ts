import { randomUUID } from 'node:crypto';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from './errors';

/**
 * Tells early that a file could not be written at the end.
 * @throws UsageError naming the folder.
 */
export async function assertWritable(file: string): Promise<void> {
  const folder = dirname(file);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new UsageError(`--out ${file}: expected an existing folder ${folder}`);
  if ((await stat(file).catch(() => undefined))?.isDirectory())
    throw new UsageError(`--out ${file}: expected a file, got a folder`);
}

/** Writes a file so that nobody ever sees half of it. */
export async function writeWhole(file: string, content: string): Promise<void> {
  const partial = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  try {
    await writeFile(partial, content);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
