import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type CodecServer, readCodecSettings, startCodecServer } from '../../gateway';
import { type Harness, required, startHarness } from '../setup/harness';

const KEYS = `mine:${randomBytes(32).toString('base64')}`;
const TOKEN = 'a token for people';
const UI = 'http://localhost:8233';
const PROMPT = 'Explain the Zanzibar paper.';

let harness: Harness;
let server: CodecServer;

beforeAll(async () => {
  const env = { DURABLE_RESEARCH_ENCRYPTION_KEYS: KEYS, DURABLE_RESEARCH_CODEC_TOKEN: TOKEN };
  server = await startCodecServer({ port: 0, host: '127.0.0.1', origins: [UI], ...readCodecSettings(env) });
  harness = await startHarness({ env });
});
afterAll(async () => {
  await harness.close();
  await server.close();
});

async function temporal(...args: string[]): Promise<string> {
  const all = ['workflow', ...args, '--address', required('TEST_TEMPORAL_ADDRESS')];
  return (await promisify(execFile)(required('TEST_TEMPORAL_CLI'), all)).stdout;
}

/** A history as the CLI prints it, with its payloads as text. */
function readable(history: string): string {
  return history.replace(/"data": *"([^"]+)"/g, (_all, data: string) => Buffer.from(data, 'base64').toString());
}

type Call = { path?: string; body?: string; method?: string; headers?: Record<string, string> };

function call({ path = '/decode', body = '{"payloads": []}', method = 'POST', headers = {} }: Call) {
  const always = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  return fetch(`${server.url}${path}`, {
    method,
    headers: { ...always, ...headers },
    ...(method === 'POST' && { body }),
  });
}

test('the Temporal CLI starts an encrypted run by it, and shows in clear what only keys can read', async () => {
  const id = `codec-${randomBytes(4).toString('hex')}`;
  const codec = ['--codec-endpoint', server.url, '--codec-auth', `Bearer ${TOKEN}`];
  const input = JSON.stringify({ steps: [{ id: 'explain', prompt: PROMPT }] });
  const start = ['start', '--workflow-id', id, '--type', 'pipeline', '--task-queue', harness.taskQueue];
  await temporal(...start, '--input', input, ...codec);
  const result = await harness.research.run(id).result();
  const show = ['show', '--workflow-id', id, '--output', 'json'];
  expect(readable(await temporal(...show))).not.toContain('Zanzibar');
  const clear = readable(await temporal(...show, ...codec));
  expect(clear).toContain(PROMPT);
  expect(clear).toContain(JSON.stringify(result.text));
});

test('what is encoded is decoded to what it was, field by field, and what is not encrypted is left alone', async () => {
  const payloads = [
    { metadata: { encoding: btoa('json/plain'), other: btoa('kept') }, data: btoa('"x"') },
    { metadata: { encoding: btoa('binary/null') } },
  ];
  const encoded = await (await call({ path: '/encode', body: JSON.stringify({ payloads }) })).json();
  expect(JSON.stringify(encoded)).toContain(btoa('binary/encrypted'));
  expect(await (await call({ body: JSON.stringify(encoded) })).json()).toEqual({ payloads });
  expect(await (await call({ body: JSON.stringify({ payloads }) })).json()).toEqual({ payloads });
});

test("no payloads, which Temporal's CLI sends as an empty object for a query without arguments, are none", async () => {
  expect(await (await call({ path: '/encode', body: '{}' })).json()).toEqual({ payloads: [] });
});

const UNKNOWN = { metadata: { encoding: btoa('binary/encrypted'), 'encryption-key-id': btoa('gone') }, data: 'AAAA' };
test.each<[what: string, status: number, call: Call, message: RegExp]>([
  ['no JSON', 400, { body: '{' }, /JSON/],
  ['other JSON', 400, { body: '{"payloads": 1}' }, /expected \{"payloads"/],
  ['data that is not base64', 400, { body: '{"payloads": [{"data": "?"}]}' }, /base64/],
  ['an unknown key', 400, { body: JSON.stringify({ payloads: [UNKNOWN] }) }, /"gone"/],
  ['another content type', 415, { headers: { 'content-type': 'text/plain' } }, /media type/i],
  ['too much', 413, { body: `{"payloads": [{"data": "${'A'.repeat(33 * 1024 * 1024)}"}]}` }, /too large/i],
  ['no token', 401, { headers: { authorization: '' } }, /DURABLE_RESEARCH_CODEC_TOKEN/],
  ['another token', 401, { headers: { authorization: 'Bearer other' } }, /DURABLE_RESEARCH_CODEC_TOKEN/],
  ['an origin that is not allowed', 403, { headers: { origin: 'http://evil.example' } }, /--origin/],
])('%s is refused with %i', async (_what, status, wrong, message) => {
  const answer = await call(wrong);
  const body = (await answer.json()) as { error: { message: string } };
  expect([answer.status, body.error.message]).toEqual([status, expect.stringMatching(message)]);
  expect(body.error.message).not.toContain(TOKEN);
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});

test("a browser may ask for the pages of Temporal's UI: first whether, then what", async () => {
  const preflight = await call({ method: 'OPTIONS', headers: { origin: UI, authorization: '' } });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('x-namespace');
  const answer = await call({ headers: { origin: UI } });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, UI]);
});

test('without keys it does not start, and says what to set', () => {
  expect(() => readCodecSettings({})).toThrow('DURABLE_RESEARCH_ENCRYPTION_KEYS is not set');
});
