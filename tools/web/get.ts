import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { type Readable } from 'node:stream';
import zlib from 'node:zlib';
import { connectGuarded, type ConnectOptions } from './connect';

/** What one GET, with its redirects, may do. */
export interface GetOptions extends ConnectOptions {
  isAllowedHost: (host: string) => boolean;
  ports: readonly number[];
  maxRedirects: number;
  maxBytes: number;
  userAgent: string;
}

/** What a server answered with in the end. */
export interface Fetched {
  /** After redirects. */
  url: URL;
  status: number;
  contentType: string;
  body: Buffer;
  /** Whether the body was longer than `maxBytes`, and is cut there. */
  cut: boolean;
}

/** Thrown for a URL that may not be fetched, and for an answer that cannot be used; the message is for the model. */
export class UnusableError extends Error {
  override readonly name = 'UnusableError';
}

const REDIRECTS = [301, 302, 303, 307, 308];
const ACCEPT = 'text/html, application/xhtml+xml, application/pdf, application/json, text/*;q=0.9, */*;q=0.1';

/** GETs a URL and follows its redirects; each hop is judged as if it were the first. */
export async function get(target: string, options: GetOptions): Promise<Fetched> {
  let url = checkedUrl(target, options);
  for (let hops = 0; hops <= options.maxRedirects; hops += 1) {
    const response = await request(url, options);
    const { statusCode = 0, headers } = response;
    if (!REDIRECTS.includes(statusCode) || headers.location === undefined)
      return await collected(url, response, options);
    response.destroy();
    if (!URL.canParse(headers.location, url.href)) throw new UnusableError('it redirects to something that is no URL');
    url = checkedUrl(new URL(headers.location, url).href, options);
  }
  throw new UnusableError(`it redirects more than ${options.maxRedirects} times`);
}

function checkedUrl(target: string | URL, { ports, isAllowedHost }: GetOptions): URL {
  if (!URL.canParse(String(target)))
    throw new UnusableError('it is no URL: expected one that begins with https:// or http://');
  const url = new URL(target);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UnusableError(`${url.protocol} is not allowed: only https: and http: may be fetched`);
  if (url.username !== '' || url.password !== '')
    throw new UnusableError('a user name or password in the URL is not allowed: leave it out');
  if (!isAllowedHost(url.hostname)) throw new UnusableError('its host is not one of those that may be fetched');
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  if (!ports.includes(port)) throw new UnusableError(`port ${port} is not allowed: only ${ports.join(', ')}`);
  url.hash = '';
  return url;
}

async function request(url: URL, options: GetOptions): Promise<http.IncomingMessage> {
  const socket = await connectGuarded(url, options);
  const { request: start } = url.protocol === 'https:' ? https : http;
  // Without an agent there is no connection of an earlier request to be reused, and no proxy of the environment.
  const sent = start(url, {
    createConnection: () => socket,
    signal: options.signal,
    headers: {
      accept: ACCEPT,
      'accept-encoding': 'gzip, deflate, br',
      'accept-language': 'en, *;q=0.5',
      'user-agent': options.userAgent,
    },
  }).end();
  // Without a listener nothing would tell that it has ended by that.
  sent.once('upgrade', (_response, upgraded) => {
    upgraded.destroy();
    sent.emit('error', new UnusableError('it answers in another protocol than HTTP'));
  });
  const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
  return response;
}

/** Reads a body up to the bound, counted after decompression: a small answer may hold a very large page. */
async function collected(url: URL, response: http.IncomingMessage, { maxBytes }: GetOptions): Promise<Fetched> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stream = decompressed(response);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) break;
    }
  } finally {
    stream.destroy();
    response.destroy();
  }
  return {
    url,
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    body: Buffer.concat(chunks).subarray(0, maxBytes),
    cut: bytes > maxBytes,
  };
}

function decompressed(response: http.IncomingMessage): Readable {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity') return response;
  const create = DECOMPRESSORS.get(encoding);
  if (!create) {
    response.destroy();
    throw new UnusableError(`it is encoded as "${encoding.slice(0, 40)}", which was not asked for`);
  }
  const stream = create();
  response.on('error', (error) => stream.destroy(error));
  return response.pipe(stream);
}

const DECOMPRESSORS = new Map<string, () => zlib.Gunzip | zlib.Unzip | zlib.BrotliDecompress>([
  ['gzip', zlib.createGunzip],
  ['x-gzip', zlib.createGunzip],
  ['deflate', zlib.createInflate],
  ['br', zlib.createBrotliDecompress],
]);
