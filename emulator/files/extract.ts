import { convert, type FormatCallback } from 'html-to-text';
import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import { errorMessage } from '../error-code';
import { pdfToText } from './pdf';

/** Why a file could not be read; becomes the `last_error` of a vector store file. */
export class ExtractionError extends Error {
  override readonly name = 'ExtractionError';

  constructor(
    readonly code: 'unsupported_file' | 'invalid_file',
    message: string,
  ) {
    super(message);
  }
}

/** The API's limit of tokens in one file, at four characters each. */
const MAX_CHARS = 20_000_000;

/** The text of a PDF, HTML or text file, headings marked as in Markdown. Throws `ExtractionError`. */
export async function extractText(filename: string, bytes: Buffer): Promise<string> {
  const text = await readText(filename, bytes);
  if (!/[\p{L}\p{N}]/u.test(text)) throw new ExtractionError('invalid_file', `The file ${filename} holds no text.`);
  if (text.length > MAX_CHARS) {
    const message = `The file ${filename} holds ${text.length} characters; at most ${MAX_CHARS} (about 5,000,000 tokens) are allowed.`;
    throw new ExtractionError('invalid_file', message);
  }
  return text;
}

async function readText(filename: string, bytes: Buffer): Promise<string> {
  const extension = path.extname(filename).toLowerCase();
  if (extension === '.pdf' || bytes.subarray(0, 5).toString('latin1') === '%PDF-') {
    return pdfToText(bytes).catch((error: unknown) => {
      throw new ExtractionError('invalid_file', `The PDF ${filename} cannot be read: ${errorMessage(error)}`);
    });
  }
  const text = decode(filename, bytes);
  const isHtml = /^\.x?html?$/.test(extension) || /^\s*<(?:!doctype html|html)\b/i.test(text);
  return isHtml ? htmlToText(text) : text;
}

function decode(filename: string, bytes: Buffer): string {
  const encoding = UTF16[bytes.subarray(0, 2).toString('hex')];
  const text = encoding !== undefined || isUtf8(bytes) ? new TextDecoder(encoding).decode(bytes) : null;
  if (text !== null && !text.includes('\0')) return text;
  throw new ExtractionError(
    'unsupported_file',
    `The file ${filename} is neither PDF, HTML nor text in UTF-8 or UTF-16; its type is not supported.`,
  );
}

/** Byte order marks, which alone tell UTF-16 from UTF-8. */
const UTF16: Readonly<Record<string, string>> = { fffe: 'utf-16le', feff: 'utf-16be' };

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
const NOT_CONTENT = ['nav', 'footer', 'script', 'style', 'noscript', 'form', 'img'];

const markdownHeading: FormatCallback = (element, walk, builder) => {
  const level = Number(String(element.name).slice(1));
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addLiteral(`${'#'.repeat(level)} `);
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

function htmlToText(html: string): string {
  return convert(html, {
    wordwrap: false,
    formatters: { markdownHeading },
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
      ...HEADINGS.map((selector) => ({ selector, format: 'markdownHeading' })),
      ...NOT_CONTENT.map((selector) => ({ selector, format: 'skip' })),
    ],
  });
}
