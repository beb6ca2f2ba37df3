import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import { type TextExtractor, UnreadableError } from '../text-extractor';
import { type FoundFile, readFound } from './folder';

const EXTRACT_TIMEOUT_MS = 30_000;
/** Characters of extracted texts that are kept, the latest read first. */
const MAX_KEPT_CHARS = 50_000_000;

/**
 * Reads files as texts: those of a PDF are its pages. Text files are read each time, which is fast; what must be
 * extracted is kept until the file changes.
 */
export class FileReader {
  private readonly kept = new Map<string, { version: string; texts: string[] }>();
  private keptChars = 0;

  /** @throws UnreadableError for a file that holds no text, or is larger than `maxBytes`. */
  async read(
    file: FoundFile,
    extractor: TextExtractor,
    options: { maxBytes: number; signal: AbortSignal },
  ): Promise<string[]> {
    if (file.bytes > options.maxBytes) throw new UnreadableError(`it is larger than ${options.maxBytes} bytes`);
    const extension = path.extname(file.name).toLowerCase();
    if (extension === '.md' || extension === '.txt') return [decode(await readFound(file))];
    const known = this.kept.get(file.path);
    if (known?.version === file.version) return known.texts;
    const bytes = await readFound(file);
    const { texts } = await extractor.extract(
      extension === '.pdf' ? { kind: 'pdf', bytes: new Uint8Array(bytes) } : { kind: 'html', html: decode(bytes) },
      EXTRACT_TIMEOUT_MS,
      options.signal,
    );
    this.keep(file, texts);
    return texts;
  }

  private keep({ path: key, version }: FoundFile, texts: string[]): void {
    this.forget(key);
    this.kept.set(key, { version, texts });
    this.keptChars += lengthOf(texts);
    for (const oldest of this.kept.keys()) {
      if (this.keptChars <= MAX_KEPT_CHARS) return;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    this.keptChars -= lengthOf(this.kept.get(key)?.texts ?? []);
    this.kept.delete(key);
  }
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}

function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff')
    return new TextDecoder(mark === 'fffe' ? 'utf-16le' : 'utf-16be').decode(bytes);
  throw new UnreadableError('it is neither UTF-8 nor UTF-16');
}
