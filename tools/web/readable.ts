import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { type Extracted, type TextExtractor } from '../text-extractor';
import { type Fetched, UnusableError } from './get';

const EXTRACT_TIMEOUT_MS = 15_000;
const TEXT_TYPES =
  /^(?:text\/[\w.+-]+|application\/(?:[\w.+-]*\+)?(?:json|xml|yaml)|application\/(?:x-ndjson|x-yaml))$/;
const HTML_TYPES = ['text/html', 'application/xhtml+xml'];
const PDF_TYPE = 'application/pdf';

/** The text of what was fetched. @throws UnusableError for a type that holds no text, UnreadableError for a broken one. */
export async function readable(fetched: Fetched, extractor: TextExtractor, signal: AbortSignal): Promise<Extracted> {
  const { url, body, cut } = fetched;
  const type = typeOf(fetched);
  if (type === PDF_TYPE) {
    if (cut) throw new UnusableError(`it is a PDF of more than ${body.length} bytes, which is too large`);
    return extractor.extract({ kind: 'pdf', bytes: new Uint8Array(body) }, EXTRACT_TIMEOUT_MS, signal);
  }
  const isHtml = HTML_TYPES.includes(type);
  if (!isHtml && !TEXT_TYPES.test(type))
    throw new UnusableError(`its type is ${type || 'not told'}: only HTML, text, JSON, XML and PDF can be read`);
  const text = decode(fetched, isHtml);
  if (!isHtml) return { title: '', texts: [text], links: [] };
  return extractor.extract({ kind: 'html', html: text, url: url.href, article: true }, EXTRACT_TIMEOUT_MS, signal);
}

/** The media type that a fetched body was declared as, without its parameters. */
export function typeOf({ contentType }: Fetched): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase().slice(0, 100);
}

/** Declared by the header, else by the page itself, else UTF-8 where it is that, else what browsers take it for. */
function decode({ contentType, body }: Fetched, isHtml: boolean): string {
  const head = isHtml ? body.subarray(0, 2048).toString('latin1') : '';
  const declared =
    /charset\s*=\s*["']?([\w:.-]+)/i.exec(contentType)?.[1] ??
    /<meta[^>]+charset\s*=\s*["']?([\w:.-]+)/i.exec(head)?.[1];
  const text = decoder(declared ?? (isUtf8(body) ? 'utf-8' : 'windows-1252')).decode(body);
  if (text.includes('\0')) throw new UnusableError('it is declared as text, but holds bytes that are none');
  return text;
}

/** A byte order mark overrules what is declared in any case; an unknown encoding is read as UTF-8, and shows itself. */
function decoder(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder();
    throw error;
  }
}
