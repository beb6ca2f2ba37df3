import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { addressOf, isAddress, parseOutput } from './content';
import { type OutputStore } from './port';

/** A name that is safe in every file system, and leaves room for the temporary file's. */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,180}$/;

/** Options of {@link createFileStore}. */
export type FileStoreOptions = {
  /** Told of a file that cannot be used. Default: a process warning. */
  warn?: (message: string) => void;
};

/**
 * Outputs and prompts as files under `root`: `outputs/<aa>/<responseId>.json` and `prompts/<aa>/<sha256>`, where `aa`
 * spreads them over directories. Any number of processes may share it: files appear whole, by a rename, and have one
 * content for ever. A file that is damaged counts as absent, with a warning, so that the reader asks the provider.
 * @throws the error of the file system, such as `ENOSPC` and `EACCES`.
 */
export function createFileStore(root: string, options: FileStoreOptions = {}): OutputStore {
  const warn = options.warn ?? ((message: string) => process.emitWarning(message));
  const outputPath = (responseId: string): string => {
    const name = SAFE_NAME.test(responseId) ? responseId : `sha256-${addressOf(responseId)}`;
    return join(root, 'outputs', addressOf(responseId).slice(0, 2), `${name}.json`);
  };
  const promptPath = (ref: string): string => join(root, 'prompts', ref.slice(0, 2), ref);
  const getPrompt = async (ref: string): Promise<string | undefined> => {
    if (!isAddress(ref)) return undefined;
    const prompt = await readText(promptPath(ref));
    if (prompt === undefined || addressOf(prompt) === ref) return prompt;
    warn(`${promptPath(ref)} does not hold the prompt it is named after; it is not used`);
    return undefined;
  };
  return {
    putOutput: (output) => writeWhole(root, outputPath(output.responseId), JSON.stringify(output)),
    getOutput: async (responseId) => {
      const path = outputPath(responseId);
      const text = await readText(path);
      if (text === undefined) return undefined;
      const output = parseOutput(text);
      // Where the file system ignores case, two ids may share a file.
      if (output?.responseId === responseId) return output;
      warn(`${path} does not hold the output of ${responseId}; the provider is asked for it`);
      return undefined;
    },
    putPrompt: async (prompt) => {
      const ref = addressOf(prompt);
      // Also over a file of that name, which may be damaged.
      await writeWhole(root, promptPath(ref), prompt);
      return ref;
    },
    getPrompt,
  };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The data reaches the disk before the name does: a crash leaves the whole file or none. */
async function writeWhole(root: string, path: string, text: string): Promise<void> {
  const temporary = join(root, 'tmp', randomUUID());
  try {
    await inFolder(temporary, () => writeFile(temporary, text, { flag: 'wx', mode: 0o600, flush: true }));
    await inFolder(path, () => rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes the folder of a file only where it turns out to be missing: it is there for all but the first file. */
async function inFolder<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    return write();
  }
}
