import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { fetchPage, type FetchPageOptions } from '../../tools';
import { makePdf } from '../emulator/pdf-fixture';
import { until } from '../setup/harness';
import { call } from './contexts';
import { type Page, page, redirect, WebServer } from './web-server';

const ARTICLE = `<!doctype html><html><head><title>Raft and Paxos</title><style>p { color: red }</style></head><body>
<nav><a href="/home">Home of everything</a></nav>
<article><h1>Raft</h1>${'<p>Raft elects a leader, and the leader orders what is agreed on, one entry after the other.</p>'.repeat(5)}
<h2>Terms</h2><p>A term is a number that only grows; see <a href="../paxos#top">Paxos</a>, <a href="javascript:alert(1)">this</a>.</p>
<ul><li>a vote in a term is given once</li></ul><script>alert('run')</script></article>
<footer>Imprint and cookies</footer></body></html>`;

let server: WebServer;
/** On another address of this machine, standing for something internal. */
let internal: WebServer;
/** Whether a body that never ends was let go of. */
let letGo = false;

/** Writes on and on, until the connection is closed. */
function endless(text: string): Page {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const timer = setInterval(() => response.write(text), 1);
    response.on('close', () => {
      clearInterval(timer);
      letGo = true;
    });
  };
}

beforeAll(async () => {
  internal = await WebServer.start({ '/secret': page('text/plain', 'internal') }, { host: '127.0.0.1' });
  server = await WebServer.start(
    {
      '/article': page('text/html; charset=utf-8', ARTICLE),
      '/notice': page('text/html', '<html><body><p>Closed today.</p></body></html>'),
      '/empty': page('text/html', '<html><body><script>render()</script></body></html>'),
      '/latin': page('text/html', Buffer.from('<html><meta charset="iso-8859-1"><p>Über Größe</p></html>', 'latin1')),
      '/latin-header': page('text/plain; charset=ISO-8859-1', Buffer.from('Über Größe', 'latin1')),
      '/json': page('application/json', '{"answer":42}'),
      '/pdf': page('application/pdf', makePdf(['Raft in a PDF.', 'It has a leader.'])),
      '/broken-pdf': page('application/pdf', 'this is none'),
      '/image': page('image/png', 'png'),
      '/untyped': (_request, response) => response.writeHead(200).end('text'),
      '/binary': page('text/plain', Buffer.from([0x50, 0, 1, 2, 0])),
      '/gzip': page('text/plain', gzipSync('squeezed by gzip'), { 'content-encoding': 'gzip' }),
      '/deflate': page('text/plain', deflateSync('squeezed by deflate'), { 'content-encoding': 'deflate' }),
      '/br': page('text/plain', brotliCompressSync('squeezed by brotli'), { 'content-encoding': 'br' }),
      '/strange-encoding': page('text/plain', 'x', { 'content-encoding': 'zstd' }),
      '/constructor': page('text/plain', 'x', { 'content-encoding': 'constructor' }),
      '/upgrade': (request) => {
        request.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n');
      },
      '/half-gzip': page('text/plain', gzipSync(randomBytes(5000)).subarray(0, 1000), { 'content-encoding': 'gzip' }),
      '/bomb': page('text/plain', gzipSync(Buffer.alloc(64 * 1024 * 1024, 'a')), { 'content-encoding': 'gzip' }),
      '/half': (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' }).write('half');
        setImmediate(() => response.destroy());
      },
      '/silent': () => undefined,
      '/endless': endless('and so on '.repeat(1000)),
      '/slow': endless('.'),
      '/huge-head': (_request, response) => response.writeHead(200, { 'x-large': 'x'.repeat(64 * 1024) }).end(),
      '/to-article': redirect('/article', 301),
      '/to-itself': redirect('/to-itself'),
      '/to-internal': redirect(() => internal.url('/secret')),
      '/to-mapped': redirect(() => `http://[::ffff:127.0.0.1]:${internal.port}/secret`),
      '/to-file': redirect('file:///etc/passwd'),
      '/to-port': redirect('http://127.0.0.2:1/'),
      '/to-password': redirect('http://me:secret@127.0.0.2/'),
      '/to-nowhere': redirect('http://[broken'),
      '/agent': (request, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ agent: request.headers['user-agent'], connection: request.headers.connection })),
    },
    { host: '127.0.0.2' },
  );
});
afterAll(() => {
  server.stop();
  internal.stop();
});
beforeEach(() => {
  letGo = false;
  internal.connections = 0;
});

interface Result {
  url: string;
  title?: string;
  type: string;
  text: string;
  cut?: string;
  cutPage?: string;
  links?: { text: string; url: string }[];
}

/** Fetches with the server's own address allowed, and the internal one not. */
async function fetched(path: string, options: FetchPageOptions = {}, args: object = {}): Promise<Result> {
  const tool = fetchPage({ allow: ['127.0.0.2'], ports: [server.port, internal.port], ...options });
  return (await call(tool, { url: path.startsWith('/') ? server.url(path) : path, ...args })) as Result;
}

test('an article comes as text with its title and headings, without what stands around it', async () => {
  const { url, title, type, text } = await fetched('/article');
  expect({ url, title, type }).toEqual({ url: server.url('/article'), title: 'Raft and Paxos', type: 'text/html' });
  expect(text).toContain('Raft elects a leader');
  expect(text).toContain('## Terms');
  expect(text).toContain('* a vote in a term');
  expect(text).not.toMatch(/alert|color: red|Imprint|Home of everything/);
});

test('links come when they are asked for, whole, and only those that can be fetched', async () => {
  expect(await fetched('/article')).not.toHaveProperty('links');
  const { links } = await fetched('/article', {}, { links: true });
  expect(links).toEqual([{ text: 'Paxos', url: server.url('/paxos') }]);
});

test.each([
  ['/notice', 'Closed today.'],
  ['/latin', 'Über Größe'],
  ['/latin-header', 'Über Größe'],
  ['/json', '{"answer":42}'],
  ['/pdf', 'Raft in a PDF.\nIt has a leader.'],
  ['/gzip', 'squeezed by gzip'],
  ['/deflate', 'squeezed by deflate'],
  ['/br', 'squeezed by brotli'],
])('%s is read as %j', async (path, text) => {
  expect((await fetched(path)).text).toBe(text);
});

test('a long text is cut, says so, and is read on where it was cut', async () => {
  const first = await fetched('/article', { maxChars: 100 });
  expect(first.text).toHaveLength(100);
  expect(first.cut).toMatch(/^characters 0 to 100 of \d+; read on with from: 100$/);
  const second = await fetched('/article', { maxChars: 100_000 }, { from: 100 });
  expect(first.text + second.text).toBe((await fetched('/article')).text);
  expect(second).not.toHaveProperty('cut');
});

test.each([
  ['/missing', /answered with status 404: there is no such page/],
  ['/image', /its type is image\/png: only HTML, text, JSON, XML and PDF can be read/],
  ['/untyped', /its type is not told/],
  ['/binary', /declared as text, but holds bytes that are none/],
  ['/empty', /it holds no text/],
  ['/broken-pdf', /its content cannot be read: Invalid PDF structure/],
  ['/strange-encoding', /encoded as "zstd", which was not asked for/],
  ['/constructor', /encoded as "constructor", which was not asked for/],
  ['/upgrade', /answers in another protocol than HTTP/],
  ['/half-gzip', /could not be fetched \(Z_BUF_ERROR\)/],
  ['/half', /its server closed the connection/],
  ['/huge-head', /could not be fetched \(HPE_HEADER_OVERFLOW\)/],
  ['/to-itself', /redirects more than 5 times/],
  ['/to-file', /file: is not allowed/],
  ['/to-port', /port 1 is not allowed/],
  ['/to-password', /password in the URL is not allowed/],
  ['/to-nowhere', /redirects to something that is no URL/],
  ['ftp://127.0.0.2/x', /ftp: is not allowed: only https: and http: may be fetched/],
  ['file:///etc/passwd', /file: is not allowed/],
  ['not a url', /it is no URL/],
])('%s fails with %s', async (path, message) => {
  await expect(fetched(path)).rejects.toThrow(message);
});

test('a password in a URL is not told again', async () => {
  const error = await fetched('http://me:hunter2@127.0.0.2/').catch(String);
  expect(error).toMatch(/password in the URL is not allowed/);
  expect(error).not.toMatch(/hunter2/);
});

test('a redirect is followed to where it leads', async () => {
  expect(await fetched('/to-article')).toMatchObject({ url: server.url('/article'), title: 'Raft and Paxos' });
});

describe('an address that is not allowed is not connected to', () => {
  afterEach(() => {
    if (internal.connections > 0) throw new Error(`${internal.connections} connections to the internal server`);
  });
  const refused = /its address is not allowed/;

  test.each(['/to-internal', '/to-mapped'])('by redirect: %s', async (path) => {
    await expect(fetched(path)).rejects.toThrow(refused);
  });

  test.each([
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[::1]',
    '[::]',
    '0',
    'localhost',
    'LOCALHOST',
    '①②⑦.⓪.⓪.①',
  ])('as %s', async (host) => {
    const error = await fetched(`http://${host}:${internal.port}/secret`).catch(String);
    expect(error).toMatch(refused);
  });

  test('as what a name resolves to, and the model is not told what that is', async () => {
    const error = await fetched(`http://wiki.example:${internal.port}/secret`, {
      lookup: resolving([['127.0.0.1']]),
    }).catch(String);
    expect(error).toMatch(refused);
    expect(error).not.toMatch(/127\.0/);
  });

  test('by a name that resolves to a public address when it is first asked, and to an internal one later', async () => {
    const rebinding = resolving([['127.0.0.2'], ['127.0.0.1']]);
    const turning = await WebServer.start(
      { '/': redirect(() => `http://wiki.example:${internal.port}/secret`) },
      { host: '127.0.0.2' },
    );
    try {
      const url = `http://wiki.example:${turning.port}/`;
      const ports = [turning.port, internal.port];
      await expect(fetched(url, { ports, lookup: rebinding })).rejects.toThrow(refused);
      expect(turning.connections).toBe(1);
    } finally {
      turning.stop();
    }
  });

  test('also when another address of the name may be connected to', async () => {
    const url = `http://wiki.example:${server.port}/json`;
    const lookup = resolving([['127.0.0.1', '127.0.0.2']]);
    expect((await fetched(url, { lookup })).text).toBe('{"answer":42}');
  });
});

/** A resolver that gives one answer after the other; the last stays. */
function resolving(answers: string[][]): NonNullable<FetchPageOptions['lookup']> {
  let asked = 0;
  const lookup = (
    _name: string,
    _options: unknown,
    callback: (error: null, addresses: LookupAddress[]) => void,
  ): void => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  };
  return lookup as NonNullable<FetchPageOptions['lookup']>;
}

test('a host that is allowed by name is fetched wherever it leads, and no other', async () => {
  const options = { allow: ['wiki.example'], lookup: resolving([['127.0.0.1']]) };
  expect((await fetched(`http://wiki.example:${internal.port}/secret`, options)).text).toBe('internal');
  await expect(fetched(`http://other.example:${internal.port}/secret`, options)).rejects.toThrow(/not allowed/);
});

/** A page of the server under any name. */
const on = (host: string, path = '/json'): string => `http://${host}:${server.port}${path}`;

describe('with a list of hosts', () => {
  const allowedHosts = ['docs.example', '*.wiki.example'];
  test.each(['docs.example', 'DOCS.example.', 'a.wiki.example', 'b.a.wiki.example'])(
    '%s is one of it',
    async (host) => {
      expect((await fetched(on(host), { allowedHosts, lookup: resolving([['127.0.0.2']]) })).text).toBe(
        '{"answer":42}',
      );
    },
  );

  test.each(['wiki.example', 'evildocs.example', 'docs.example.evil.example', 'evilwiki.example', '127.0.0.2'])(
    '%s is none of it',
    async (host) => {
      const before = server.connections;
      await expect(fetched(on(host), { allowedHosts, lookup: resolving([['127.0.0.2']]) })).rejects.toThrow(
        /its host is not one of those/,
      );
      expect(server.connections).toBe(before);
    },
  );

  test('a redirect to another one is not followed, and an address is judged all the same', async () => {
    const leaving = { allowedHosts, lookup: resolving([['127.0.0.2']]) };
    await expect(fetched(on('docs.example', '/to-internal'), leaving)).rejects.toThrow(/its host is not one of those/);
    const inner = { allowedHosts, lookup: resolving([['127.0.0.1']]) };
    await expect(fetched(on('docs.example'), inner)).rejects.toThrow(/its address is not allowed/);
  });

  test('what is no host is refused at once, and the tool has a name and tells its hosts', () => {
    expect(() => fetchPage({ allowedHosts: ['https://docs.example'] })).toThrow(/allowedHosts: expected a host name/);
    const { name, description } = fetchPage({ name: 'fetch_docs', allowedHosts });
    expect(name).toBe('fetch_docs');
    expect(description).toMatch(/no other hosts than docs\.example, \*\.wiki\.example\.$/);
  });
});

test('only ports 80 and 443 are connected to unless others are named', async () => {
  const tool = fetchPage({ allow: ['127.0.0.2'] });
  await expect(call(tool, { url: server.url('/json') })).rejects.toThrow(/port \d+ is not allowed: only 80, 443/);
});

test('no connection is used twice, and no proxy of the environment is asked', async () => {
  const before = server.connections;
  process.env['HTTP_PROXY'] = process.env['http_proxy'] = internal.url('/');
  try {
    for (let n = 1; n <= 3; n += 1) {
      expect(JSON.parse((await fetched('/agent')).text)).toEqual({ agent: 'durable-research', connection: 'close' });
      expect(server.connections).toBe(before + n);
    }
  } finally {
    delete process.env['HTTP_PROXY'];
    delete process.env['http_proxy'];
  }
  expect(internal.connections).toBe(0);
});

test.each(['/bomb', '/endless'])('of %s only the bytes of the bound are read, and it is said', async (path) => {
  const { text, cutPage } = await fetched(path, { maxBytes: 100_000, maxChars: 1_000_000 });
  expect(text.trim().length).toBeLessThanOrEqual(100_000);
  expect(text.length).toBeGreaterThan(90_000);
  expect(cutPage).toBe('only the first 100000 bytes of the page were read');
  if (path === '/endless') await until('the server is let go', async () => letGo);
});

test('a PDF that is larger than the bound is refused, since half a PDF cannot be read', async () => {
  await expect(fetched('/pdf', { maxBytes: 100 })).rejects.toThrow(/a PDF of more than 100 bytes/);
});

test.each(['/silent', '/slow'])('%s ends with the time of the call', async (path) => {
  await expect(fetched(path, { timeout: '300ms' })).rejects.toThrow(/it took longer than 0\.3 s/);
  if (path === '/slow') await until('the server is let go', async () => letGo);
});

test('a call that is cancelled ends with the reason of that, and lets the server go', async () => {
  const cancel = new AbortController();
  const tool = fetchPage({ allow: ['127.0.0.2'], ports: [server.port] });
  const before = server.connections;
  const ended = call(tool, { url: server.url('/slow') }, cancel.signal).catch(String);
  await until('it is connected', async () => server.connections > before);
  cancel.abort(new Error('the run was cancelled'));
  expect(await ended).toBe('Error: the run was cancelled');
  await until('the server is let go', async () => letGo);
});

test.each([
  ['deep', '<div>x'.repeat(20_000)],
  ['wide', `<html><body>${'<p>x<b>y</b></p>'.repeat(50_000)}`],
  ['broken', `${'<a href="x"'.repeat(100_000)}>x`],
])('a page that is %s is read without holding up the worker', async (_name, html) => {
  const hostile = await WebServer.start({ '/': page('text/html', html) }, { host: '127.0.0.2' });
  let longestMs = 0;
  let last = performance.now();
  const pulse = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last);
    last = performance.now();
  }, 10);
  try {
    expect((await fetched(hostile.url('/'), { ports: [hostile.port] })).text).toMatch(/x/);
    expect(longestMs).toBeLessThan(2_000);
  } finally {
    clearInterval(pulse);
    hostile.stop();
  }
});

const read = (name: string): Buffer => readFileSync(join(__dirname, 'fixtures', name));

test('by TLS, whose certificate must be valid for the host', async () => {
  const secure = https.createServer(
    { cert: read('pages-test.cert.pem'), key: read('pages-test.key.pem') },
    page('text/plain', 'over TLS'),
  );
  await once(secure.listen(0, '127.0.0.2'), 'listening');
  const { port } = secure.address() as AddressInfo;
  try {
    const trusted = await fetchedByProcess([`https://pages.test:${port}/`, `https://other.test:${port}/`], port);
    expect(trusted[0]).toMatchObject({ text: 'over TLS' });
    expect(trusted[1]).toMatch(/could not be fetched \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
    const lookup = resolving([['127.0.0.2']]);
    const stranger = fetched(`https://pages.test:${port}/`, { ports: [port], lookup });
    await expect(stranger).rejects.toThrow(/could not be fetched \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
  } finally {
    secure.close();
  }
});

/** What the built tool gives in a process that trusts the certificate of the fixtures: Node reads that at its start. */
async function fetchedByProcess(urls: string[], port: number): Promise<unknown[]> {
  const program = `
    const { fetchPage } = require(${JSON.stringify(join(__dirname, '../../dist/tools'))});
    const lookup = (name, options, callback) => callback(null, [{ address: '127.0.0.2', family: 4 }]);
    const tool = fetchPage({ allow: ['127.0.0.2'], ports: [${port}], lookup });
    const fetch = async (url) => tool.execute({ url }, { signal: new AbortController().signal });
    const told = ${JSON.stringify(urls)}.map((url) => fetch(url).catch((error) => error.message));
    Promise.all(told).then((answers) => process.stdout.write(JSON.stringify(answers)));`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(__dirname, 'fixtures/pages-test.cert.pem') };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { env });
  return z.array(z.unknown()).parse(JSON.parse(stdout));
}

test('options that cannot be understood are refused when the tool is made', () => {
  expect(() => fetchPage({ timeout: 'soon' })).toThrow(/fetch_page: timeout: expected a duration, got "soon"/);
  expect(() => fetchPage({ allow: ['*'] })).toThrow(/allow: expected an address/);
  expect(fetchPage({ timeout: '10s', needsApproval: true })).toMatchObject({ needsApproval: true, timeoutMs: 15_000 });
});
