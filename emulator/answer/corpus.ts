import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { firstHeading, splitPassages, type Passage } from './passages';

/** A reserved name (RFC 2606) that can never resolve: the corpus is not on the web and does not pretend to be. */
const CORPUS_URL = 'https://emulator.invalid/corpus/';

/** Reads a folder of `.md` and `.txt` files. Throws when it cannot be read or holds no text. */
export async function loadCorpus(dir: string): Promise<Passage[]> {
  const names = (await readdir(dir)).filter((name) => /\.(md|markdown|txt)$/i.test(name)).toSorted();
  if (names.length === 0) throw new Error(`The corpus folder ${dir} holds no .md or .txt file.`);
  const texts = await Promise.all(names.map((name) => readFile(path.join(dir, name), 'utf8')));
  return texts.flatMap((text, index) => {
    const slug = path.parse(names[index] ?? '').name;
    const url = CORPUS_URL + encodeURIComponent(slug);
    return splitPassages({ kind: 'web', id: slug, title: firstHeading(text) ?? slug, url }, text);
  });
}

/** The built-in corpus beside this package's `package.json`, found from the sources and from `dist` alike. */
export function builtInCorpusDir(): string {
  const root = path.dirname(require.resolve('durable-research/package.json'));
  return path.join(root, 'emulator', 'corpus');
}
