import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { errorMessage } from '../error-code';
import { extractText } from '../files/extract';
import { firstHeading, splitPassages, type Passage } from './passages';

/** A reserved name (RFC 2606) that can never resolve: the corpus is not on the web and does not pretend to be. */
const CORPUS_URL = 'https://emulator.invalid/corpus/';
const READABLE = /\.(?:md|markdown|txt|html?|pdf)$/i;

/** Reads the texts of a folder. Throws, naming the folder and the option, when it cannot be read or holds no text. */
export async function loadCorpus(dir: string): Promise<Passage[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    throw new Error(`The corpus folder ${dir} cannot be read: ${errorMessage(error)}. ${HINT}`, { cause: error });
  });
  const texts = names.filter((name) => READABLE.test(name)).toSorted();
  if (texts.length === 0) throw new Error(`The corpus folder ${dir} holds no text. ${HINT}`);
  const passages = await Promise.all(texts.map((name) => readPassages(dir, name)));
  return passages.flat();
}

const HINT = 'Set --corpus (option corpusDir) to a folder of Markdown, text, HTML or PDF files.';

async function readPassages(dir: string, name: string): Promise<Passage[]> {
  const text = await extractText(name, await readFile(path.join(dir, name)));
  const slug = path.parse(name).name;
  const url = CORPUS_URL + encodeURIComponent(slug);
  return splitPassages({ kind: 'web', id: slug, title: firstHeading(text) ?? slug, url }, text);
}

/** The built-in corpus beside this package's `package.json`, found from the sources and from `dist` alike. */
export function builtInCorpusDir(): string {
  const root = path.dirname(require.resolve('durable-research/package.json'));
  return path.join(root, 'emulator', 'corpus');
}
