/**
 * What the extractor's thread runs. A string, because it must be plain JavaScript wherever this module runs from:
 * compiled, or from its TypeScript source in a test. Libraries are loaded when they are first needed.
 */
export const EXTRACTOR_PROGRAM = `
const { parentPort, workerData: libraries } = require('node:worker_threads');

const MAX_CHARS = 5_000_000;
const MAX_LINKS = 100;
/** Less than this is a teaser, a notice or a mistake of the extractor: then the whole page is read. */
const MIN_ARTICLE_CHARS = 200;
/** The extractor of articles takes time by the square of these; pages of people stay far below. */
const MAX_ELEMENTS = 20_000;
const MAX_DEPTH = 500;
/** A PDF of a kilobyte may unpack to gigabytes, and the bound of the heap does not count what typed arrays hold. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;
const COUNTED_BYTES = 1024 * 1024;

function assertRoom(bytes) {
  if (bytes > MAX_UNPACKED_BYTES) throw new RangeError('it unpacks to more than ' + MAX_UNPACKED_BYTES + ' bytes');
}

globalThis.Uint8Array = new Proxy(Uint8Array, {
  construct(target, args, made) {
    const bytes = typeof args[0] === 'number' ? args[0] : (args[0]?.length ?? 0);
    if (bytes >= COUNTED_BYTES) assertRoom(process.memoryUsage().arrayBuffers + bytes);
    return Reflect.construct(target, args, made === globalThis.Uint8Array ? target : made);
  },
});

const Unpacking = DecompressionStream;
globalThis.DecompressionStream = function (format) {
  const { readable, writable } = new Unpacking(format);
  let bytes = 0;
  const transform = (chunk, counted) => {
    assertRoom((bytes += chunk.length));
    counted.enqueue(chunk);
  };
  return { readable: readable.pipeThrough(new TransformStream({ transform })), writable };
};

const NOT_CONTENT = ['nav', 'footer', 'script', 'style', 'noscript', 'template', 'form', 'img', 'svg', 'iframe'];

function heading(element, walk, builder) {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addLiteral('#'.repeat(Number(element.name.slice(1))) + ' ');
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
}

function toText(html) {
  const { convert } = require(libraries.htmlToText);
  return convert(html, {
    wordwrap: false,
    limits: { maxInputLength: MAX_CHARS, maxDepth: 200, ellipsis: '' },
    formatters: { heading },
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, format: 'heading' })),
      ...NOT_CONTENT.map((selector) => ({ selector, format: 'skip' })),
    ],
  }).trim();
}

function linksIn(document, base) {
  const links = new Map();
  for (const anchor of document.querySelectorAll('a[href]')) {
    const href = anchor.getAttribute('href');
    if (!URL.canParse(href, base)) continue;
    const url = new URL(href, base);
    url.hash = '';
    const text = anchor.textContent.replace(/\\s+/g, ' ').trim().slice(0, 200);
    if (/^https?:$/.test(url.protocol) && text !== '' && !links.has(url.href)) links.set(url.href, text);
    if (links.size === MAX_LINKS) break;
  }
  return [...links].map(([url, text]) => ({ text, url }));
}

function isOrdinary(document) {
  let level = [...document.children];
  let elements = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    elements += level.length;
    if (depth > MAX_DEPTH || elements > MAX_ELEMENTS) return false;
    level = level.flatMap((element) => [...element.children]);
  }
  return elements > 0;
}

function readHtml({ html, url, article: asArticle }) {
  if (!asArticle) return { title: '', texts: [toText(html)], links: [] };
  const { parseHTML } = require(libraries.dom);
  const { Readability } = require(libraries.readability);
  const { document } = parseHTML(html);
  const title = (document.querySelector('title')?.textContent ?? '').replace(/\\s+/g, ' ').trim();
  const links = linksIn(document, url);
  const article = isOrdinary(document) ? new Readability(document).parse() : null;
  const text = article ? toText(article.content ?? '') : '';
  if (text.length < MIN_ARTICLE_CHARS) return { title, texts: [toText(html)], links };
  const linked = linksIn(parseHTML('<html><body>' + article.content + '</body></html>').document, url);
  return { title: article.title || title, texts: [text], links: linked };
}

async function readPdf({ bytes }) {
  const { getDocumentProxy, getMeta } = await import(libraries.pdf);
  const document = await getDocumentProxy(bytes);
  const { info } = await getMeta(document);
  const texts = [];
  let chars = 0;
  for (let number = 1; number <= document.numPages && chars < MAX_CHARS; number += 1) {
    const { items } = await (await document.getPage(number)).getTextContent();
    const text = items.map((item) => (item.str ?? '') + (item.hasEOL ? '\\n' : '')).join('');
    texts.push(text.replace(/(\\p{Ll})-\\n(\\p{Ll})/gu, '$1$2'));
    chars += text.length;
  }
  return { title: typeof info?.Title === 'string' ? info.Title : '', texts, links: [] };
}

parentPort.on('message', async (document) => {
  try {
    parentPort.postMessage(document.kind === 'pdf' ? await readPdf(document) : readHtml(document));
  } catch (error) {
    parentPort.postMessage({ error: String(error?.message ?? error) });
  }
});
`;
