import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ActivityDeps } from '../../activities';
import { listTools } from '../../activities/list-tools';
import { resolveRun } from '../../activities/resolve-run';
import { withinStep } from '../../openai';
import { providerStore } from '../../store/provider';
import { functionParameters, problemOf } from '../../tools/mcp/arguments';
import { type McpServerConfig, parseMcpConfig, readMcpFile } from '../../tools/mcp/config';
import { resultText } from '../../tools/mcp/content';
import { functionName } from '../../tools/mcp/names';
import { createMcpServers } from '../../tools/mcp/servers';
import { type Page, WebServer } from '../tools/web-server';

const SECRET = 'not-for-anybody';
const parse = (raw: unknown, env: NodeJS.ProcessEnv = {}) => parseMcpConfig(raw, env, 'mcp.json');
const server = (more: object) => ({ mcpServers: { notes: { command: 'notes', ...more } } });

test('variables are filled in where they may stand, and what they hold is known as secret', () => {
  const raw = {
    mcpServers: {
      notes: { command: 'notes', args: ['-v'], env: { TOKEN: '${T}', PLAIN: 'yes indeed', API_KEY: 'written-out' } },
      crm: { url: 'https://${HOST}/mcp', headers: { Authorization: 'Bearer ${T}' } },
    },
    hostedMcpServers: { crm: { server_url: 'https://crm.example/mcp', authorization: '${T}' } },
  };
  const { mcpServers, hostedMcpServers, secrets } = parse(raw, { T: SECRET, HOST: 'crm.example' });
  expect(mcpServers.get('notes')).toMatchObject({ env: { TOKEN: SECRET, PLAIN: 'yes indeed' } });
  expect(mcpServers.get('crm')).toMatchObject({
    url: 'https://crm.example/mcp',
    headers: { Authorization: `Bearer ${SECRET}` },
  });
  expect(hostedMcpServers.get('crm')).toEqual({ server_url: 'https://crm.example/mcp', authorization: SECRET });
  expect(secrets).toEqual(expect.arrayContaining([SECRET, 'written-out', `Bearer ${SECRET}`]));
  expect(secrets).not.toContain('yes indeed');
});

test.each<[string, unknown, RegExp]>([
  [
    'a variable that is not set',
    server({ env: { TOKEN: '${T}' } }),
    /^mcp\.json: mcpServers\.notes\.env\.TOKEN: the variable T is not set/,
  ],
  ['a variable in arguments', server({ args: ['${T}'] }), /mcpServers\.notes\.args\.0: expected no \$\{…\}.*use "env"/],
  ['neither a program nor a URL', { mcpServers: { notes: {} } }, /mcpServers\.notes\.command: expected string/],
  ['both', server({ url: 'https://x' }), /mcpServers\.notes\.command: unknown field/],
  ['another transport', { mcpServers: { notes: { type: 'sse', url: 'https://x' } } }, /mcpServers\.notes\.type: /],
  ['a wrong URL', { mcpServers: { notes: { url: 'file:///x' } } }, /mcpServers\.notes\.url: expected an http\(s\) URL/],
  [
    'a wrong name',
    { mcpServers: { my__notes: { command: 'x' } } },
    /mcpServers\.my__notes: expected a name of at most 32/,
  ],
  ['retries of what may happen once', server({ retries: 1 }), /mcpServers\.notes\.retries: expected 0/],
  [
    'credentials for anybody',
    { hostedMcpServers: { crm: { authorization: SECRET } } },
    /hostedMcpServers\.crm: expected either "server_url"/,
  ],
  [
    'a credential of a wrong type',
    server({ env: { TOKEN: [SECRET] } }),
    /mcpServers\.notes\.env\.TOKEN: expected string$/,
  ],
])('%s is refused by its place, and nothing is quoted', (_name, raw, message) => {
  expect(() => parse(raw)).toThrow(message);
  expect(() => parse(raw)).not.toThrow(SECRET);
});

test('a file that is not JSON is not quoted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'durable-research-mcp-'));
  try {
    writeFileSync(join(folder, 'mcp.json'), `{"authorization": ${SECRET}}`);
    await expect(readMcpFile(join(folder, 'mcp.json'))).rejects.toThrow(
      /DURABLE_RESEARCH_MCP: .*mcp\.json cannot be read: it is not JSON$/,
    );
    await expect(readMcpFile(join(folder, 'none.json'))).rejects.toThrow(/ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('names of functions are those that the API takes, and no two tools have the same', () => {
  const tools = ['search', 'a.b', 'a/b', 'a_b', 'x'.repeat(80), `${'x'.repeat(80)}y`, '_b', 'suche-größe'];
  const names = ['notes', 'notes_2', 'a'].flatMap((name) => tools.map((tool) => functionName(name, tool)));
  expect(names[0]).toBe('notes__search');
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  expect(new Set(names).size).toBe(names.length);
});

test('a schema is passed on as the API takes it, or refused by its place', () => {
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' };
  expect(functionParameters(schema)).toEqual({ type: 'object', properties: {} });
  const list = { type: 'object', properties: { a: { anyOf: [{ type: 'array' }] } } };
  expect(() => functionParameters(list)).toThrow(
    'inputSchema.properties.a.anyOf[0]: the API takes no list without "items"',
  );
  expect(() => functionParameters({ type: 'object', oneOf: [] })).toThrow('takes an object without oneOf at its root');
  expect(() => functionParameters({ type: 'string' })).toThrow(TypeError);
  const remote = { type: 'object', properties: { a: { $ref: 'https://elsewhere/schema' } } };
  expect(() => functionParameters(remote)).toThrow(/^inputSchema: .*elsewhere/);
  const one = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
  expect(problemOf(one, { a: 'x' })).toBeUndefined();
  expect(problemOf(one, { b: 1 })).toBe("what it was given: must have required property 'a'");
  expect(problemOf(one, 'x')).toBe('what it was given: must be object');
});

test('a schema whose check never ends costs its call, and not the worker', () => {
  const schema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
  expect(problemOf(schema, { a: 'aaaa' })).toBeUndefined();
  expect(problemOf(schema, { a: `${'a'.repeat(26)}!` })).toMatch(/must match pattern|too long to be checked/);
  expect(problemOf(schema, { a: `${'a'.repeat(40)}!` })).toBe('they take too long to be checked');
});

test('a result is cut at a whole character, and structured content stands for texts', () => {
  const cut = resultText({ content: [{ type: 'text', text: 'ä'.repeat(20) }] }, 5);
  expect(cut).toBe('ää\n[cut: the first 5 of 40 bytes]');
  expect(resultText({ content: [], structuredContent: { a: 1 } }, 100)).toBe('{"a":1}');
  const resource = { type: 'resource' as const, resource: { uri: 'file:///a', text: 'inside' } };
  expect(resultText({ content: [resource] }, 100)).toBe('[resource file:///a]\ninside');
});

function depsWith(config: McpServerConfig): ActivityDeps {
  const mcp = createMcpServers(parse({ mcpServers: { notes: config } }), () => undefined);
  return { provider: { origin: 'here' }, store: providerStore, mcp } as unknown as ActivityDeps;
}

test('a tool that is listed twice is not offered, and what a server says of its results holds up nobody', async () => {
  const program = { command: process.execPath, args: [join(__dirname, '../fixtures/odd-mcp-server.js')] };
  const servers = createMcpServers(parse({ mcpServers: { odd: program } }), () => undefined);
  const odd = servers.servers.get('odd')!;
  try {
    expect(await odd.list()).toMatchObject({
      tools: [{ tool: 'twice', problem: 'the server lists it twice' }, { policy: { name: 'odd__endless' } }],
    });
    const call = { tool: 'endless', args: {}, idempotencyKey: 'key', signal: new AbortController().signal };
    expect(await odd.call(call)).toEqual({ ended: 'ok', text: 'done' });
  } finally {
    await servers.close();
  }
});

type Asked = { id?: number; method: string; params?: Record<string, string> };

/** Answers an MCP client in JSON; a call with a text that never ends, or with a redirect. */
function endlessServer(request: IncomingMessage, response: ServerResponse): void {
  void text(request).then((body) => {
    if (body === '') return response.writeHead(405).end();
    const { id, method, params = {} } = JSON.parse(body) as Asked;
    if (id === undefined) return response.writeHead(202).end();
    if (params['name'] === 'moved') return response.writeHead(307, { location: '/elsewhere' }).end();
    const { protocolVersion } = params;
    const opened = { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'endless', version: '1' } };
    response.writeHead(200, { 'content-type': 'application/json' });
    if (method !== 'tools/call') return response.end(JSON.stringify({ jsonrpc: '2.0', id, result: opened }));
    response.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`);
    const more = (): void => void (response.destroyed || response.write('x'.repeat(1024 * 1024), () => more()));
    return more();
  });
}

test('an answer over HTTP that never ends costs its call, and a redirect is not followed', async () => {
  let elsewhere = 0;
  const moved: Page = (_request, response) => {
    elsewhere += 1;
    response.writeHead(404).end();
  };
  const pages = { '/mcp': endlessServer, '/elsewhere': moved };
  const web = await WebServer.start(pages);
  const place = { url: web.url('/mcp'), headers: { Authorization: SECRET } };
  const servers = createMcpServers(parse({ mcpServers: { endless: place } }), () => undefined);
  const call = { args: {}, idempotencyKey: 'key', signal: new AbortController().signal };
  try {
    const endless = servers.servers.get('endless')!;
    const end = await endless.call({ ...call, tool: 'endless' });
    expect(end).toMatchObject({ ended: 'unknown', why: expect.stringMatching(/ANSWER_TOO_LARGE/) as string });
    expect(await endless.call({ ...call, tool: 'moved' })).toMatchObject({ ended: 'unknown' });
    expect(elsewhere).toBe(0);
  } finally {
    await servers.close();
    web.stop();
  }
});

test.each<[string, McpServerConfig, RegExp]>([
  ['program', { command: '/no/such/program' }, /^MCP server "notes": its program was not found; check "command"/],
  ['URL', { url: 'http://127.0.0.1:1/mcp' }, /^MCP server "notes": it cannot be reached \(.*\); check "url"/],
])(
  'a server that is not there is tried again, and the failure says what to set: %s',
  async (_name, config, message) => {
    const listing = listTools(depsWith(config), { origin: 'here', server: 'notes', uses: [] });
    await expect(listing).rejects.toMatchObject({
      type: 'McpUnavailable',
      nonRetryable: false,
      message: expect.stringMatching(message) as string,
    });
  },
);

test('credentials of a hosted server are for its own place alone', async () => {
  const raw = { hostedMcpServers: { crm: { server_url: 'https://crm.example/mcp', authorization: SECRET } } };
  const deps = {
    ...depsWith({ command: 'x' }),
    mcp: createMcpServers(parse(raw), () => undefined),
    background: { refusing: [] },
    prices: { models: {} },
    defaultModel: 'm',
  };
  const resolve = (...hostedMcp: { label: string; server_url?: string }[]) =>
    resolveRun(deps as unknown as ActivityDeps, {
      models: [],
      hostedMcp: hostedMcp.map((use, i) => ({ ...use, path: ['steps', i] })),
    });
  const elsewhere = { label: 'crm', server_url: 'https://evil.example/mcp' };
  await expect(resolve(elsewhere)).rejects.toThrow(/steps\[0\]: the worker has credentials for "crm" at another place/);
  await expect(resolve({ label: 'none' })).rejects.toThrow(
    /steps\[0\]: no hosted MCP server "none" .*\(configured: "crm"\)/,
  );
});

const request = (id: string) => ({
  type: 'mcp_approval_request',
  id,
  server_label: 'crm',
  name: 'a',
  arguments: '{}',
});
const response = (id: string, approve: boolean) => ({
  type: 'mcp_approval_response',
  approval_request_id: id,
  approve,
});

test('within a step a call that was made stands for its approval', () => {
  const made = {
    type: 'mcp_call',
    id: 'mcp_1',
    server_label: 'crm',
    name: 'a',
    arguments: '{}',
    output: 'x',
    approval_request_id: 'r1',
  };
  const items = [request('r1'), response('r1', true), made, request('r2'), response('r2', false)];
  expect(withinStep(items)).toEqual([made, request('r2'), response('r2', false)]);
});
