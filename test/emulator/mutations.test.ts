import * as fc from 'fast-check';
import net from 'node:net';
import { api, run, startRig, type Rig } from './helpers';
import { SEED } from './seed';

let rig: Rig;
let places: Record<string, string>;
beforeAll(async () => {
  rig = await startRig({ seconds: 0 });
  const { id: conversation } = await rig.client.conversations.create({ items: [{ role: 'user', content: 'x' }] });
  const { id: response } = await run(rig.client, { input: 'What is Raft?' });
  const store = await rig.client.vectorStores.create({ name: 's' });
  places = { conversation, response, store: store.id };
});
afterAll(() => rig.stop());

type Key = string | number;
const STATUS = 'completed';
const SCHEMA = {
  type: 'object',
  properties: { a: { type: 'string', enum: ['x'] }, b: { type: ['integer', 'null'] } },
  required: ['a', 'b'],
  additionalProperties: false,
};
const TOOLS = [
  { type: 'function', name: 'f', description: 'd', parameters: SCHEMA, strict: true },
  { type: 'web_search', search_context_size: 'low', filters: { allowed_domains: ['a.org'] }, user_location: { type: 'approximate' } },
  { type: 'custom', name: 'c', format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' } },
  { type: 'code_interpreter', container: { type: 'auto' } },
]; // prettier-ignore
const ITEMS = [
  { role: 'developer', content: 'Be brief.' },
  { type: 'message', id: 'm1', role: 'user', status: STATUS, content: [{ type: 'input_text', text: 'x' }, { type: 'input_image', image_url: 'https://a.org/i.png', detail: 'low' }] },
  { type: 'message', role: 'assistant', phase: 'commentary', content: [{ type: 'output_text', text: 'y', annotations: [{ type: 'url_citation' }], logprobs: [] }] },
  { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}', status: STATUS, caller: { type: 'direct' } },
  { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_file', file_data: 'data:text/plain;base64,eA==' }] },
  { type: 'mcp_list_tools', id: 'l1', server_label: 's', tools: [{ name: 't', input_schema: {} }], error: null },
  { type: 'shell_call', call_id: 'c2', action: { commands: ['ls'] } },
  { type: 'shell_call_output', call_id: 'c2', output: [{ stdout: '', stderr: '', outcome: { type: 'exit', exit_code: 0 } }] },
]; // prettier-ignore
const CREATE = {
  model: 'gpt-4.1', input: ITEMS, instructions: 'x', background: true, store: true, metadata: { a: 'b' },
  include: ['file_search_call.results'], max_output_tokens: 99, max_tool_calls: 2, parallel_tool_calls: true, tools: TOOLS,
  tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] }, truncation: 'auto',
  text: { format: { type: 'json_schema', name: 'n', schema: SCHEMA, strict: true }, verbosity: 'low' }, user: 'u',
  reasoning: { effort: 'low', summary: 'auto', context: 'auto', mode: 'pro' }, service_tier: 'flex', temperature: 1,
  context_management: [{ type: 'compaction', compact_threshold: 2000 }], prompt_cache_key: 'k', top_p: 0.5, top_logprobs: 1,
  prompt_cache_options: { mode: 'implicit', ttl: '30m' }, safety_identifier: 's', prompt: { id: 'p', variables: { v: 'x' } },
  moderation: { model: 'm', policy: { input: { mode: 'score' } } },
}; // prettier-ignore
const VALID: [call: string, body: object][] = [
  ['POST /responses', CREATE],
  ['POST /responses/input_tokens', { model: 'm', input: ITEMS, tools: TOOLS, text: CREATE.text, reasoning: CREATE.reasoning }],
  ['POST /responses/compact', { model: 'm', input: ITEMS, instructions: 'x', service_tier: 'auto' }],
  ['POST /conversations', { items: ITEMS.slice(0, 3), metadata: { a: 'b' } }],
  ['POST /conversations/:conversation', { metadata: { a: 'b' } }],
  ['POST /conversations/:conversation/items', { items: [{ role: 'user', content: [{ type: 'input_text', text: 'x' }] }] }],
  ['POST /vector_stores', { name: 'n', expires_after: { anchor: 'last_active_at', days: 1 }, file_ids: [], metadata: { a: 'b' } }],
  ['POST /vector_stores/:store/search', { query: ['x'], max_num_results: 5, filters: { type: 'eq', key: 'k', value: 'v' }, ranking_options: { score_threshold: 0 } }],
]; // prettier-ignore
const WRONG: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  '\ud800',
  'y'.repeat(600),
  [],
  [null],
  {},
  { type: 'x' },
  { a: { b: 1 } },
];

/** Every place in a body, the body itself left out. */
function pathsOf(value: unknown, path: Key[] = []): Key[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys: Key[] = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  const below = keys.flatMap((key) => pathsOf((value as Record<Key, unknown>)[key], [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function withValue(body: object, path: readonly Key[], value: unknown): object {
  const copy = structuredClone(body) as Record<Key, unknown>;
  const last = path.at(-1) ?? '';
  const parent = path.slice(0, -1).reduce<Record<Key, unknown>>((at, key) => at[key] as typeof copy, copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

/** Whether a param such as `input[0].content` names a place in a body, or one that is missing from an object in it. */
function names(param: string, body: unknown): boolean {
  const keys = param.split(/[.[\]]+/).filter((key) => key !== '');
  const parent = keys
    .slice(0, -1)
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      body,
    );
  return typeof parent === 'object' && parent !== null;
}

/** Sends a request and says what is wrong with the answer: right are successes, and 4xx with an envelope. */
async function wrongWith(call: string, body: unknown): Promise<unknown> {
  const target = call.replace(/:(\w+)/g, (_, name: string) => places[name] ?? '');
  const answer = await api(rig.emulator, target, body);
  if (answer.status < 400) return null;
  const error = answer.body['error'] as { message: unknown; type: unknown; param: unknown; code: unknown } | undefined;
  const { message, type, param, code } = error ?? {};
  const enveloped =
    typeof message === 'string' && message !== '' && type === 'invalid_request_error' && code !== undefined;
  const named = param === null || (typeof param === 'string' && names(param, body));
  return answer.status < 500 && enveloped && named ? null : { call, status: answer.status, error };
}

const where = VALID.flatMap(([call, body]) => pathsOf(body).map((path) => ({ call, body, path })));

test('each body is valid before it is changed', async () => {
  for (const [call, body] of VALID) {
    const target = call.replace(/:(\w+)/g, (_, name: string) => places[name] ?? '');
    expect([target, (await api(rig.emulator, target, body)).status]).toEqual([target, 200]);
  }
});

test('a wrong value at any depth of any body gets a 4xx envelope, and a param that is there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...where), fc.constantFrom(undefined, ...WRONG), async (place, value) => {
      expect(await wrongWith(place.call, withValue(place.body, place.path, value))).toBeNull();
    }),
    { numRuns: 700, seed: SEED },
  );
});

test('an unknown field at any depth is named or harmless', async () => {
  const field = fc.constantFrom(
    'colour',
    'constructor',
    'toString',
    'created_by',
    'hasOwnProperty',
    'a.b',
    'x'.repeat(300),
  );
  const objects = where.filter(({ path }) => typeof path.at(-1) === 'string');
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...objects), field, async ({ call, body, path }, name) => {
      const sent = withValue(body, [...path.slice(0, -1), name], 1);
      const { status, body: answer } = await api(
        rig.emulator,
        call.replace(/:(\w+)/g, (_, key: string) => places[key] ?? ''),
        sent,
      );
      const { code, param } = (answer['error'] ?? {}) as { code?: string; param?: string };
      const named = code !== 'unknown_parameter' || param?.endsWith(name) === true;
      expect([status < 500, named]).toEqual([true, true]);
    }),
    { numRuns: 150, seed: SEED },
  );
});

test('a query of any kind gets a success or a 4xx that names it', async () => {
  const gets = [
    '/responses/:response', '/responses/:response/input_items', '/conversations/:conversation/items',
    '/conversations/:conversation/items/none', '/files', '/vector_stores', '/vector_stores/:store/files', '/models',
  ]; // prettier-ignore
  const key = fc.constantFrom(
    'limit',
    'order',
    'after',
    'before',
    'include[]',
    'include',
    'stream',
    'starting_after',
    'beta',
    'x',
  );
  const value = fc.oneof(
    fc.constantFrom('', '0', '-1', '1e9', '101', 'true', 'asc', 'NaN', '__proto__', '%00'),
    fc.string({ maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...gets),
      fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 3 }),
      async (path, pairs) => {
        const query = new URLSearchParams(pairs).toString();
        const target = path.replace(/:(\w+)/g, (_, name: string) => places[name] ?? '');
        const { status, body } = await api(rig.emulator, `GET ${target}?${query}`);
        expect(status).toBeLessThan(500);
        const { param, message } = (body['error'] ?? { param: null, message: '' }) as {
          param: string | null;
          message: unknown;
        };
        expect(typeof message).toBe('string');
        const asked = pairs.map(([name]) => name.replace('[]', ''));
        expect([...asked, null]).toContain(param === null ? null : param.replace(/\[\d+\]$/, ''));
      },
    ),
    { numRuns: 200, seed: SEED },
  );
});

/** Sends bytes as they are and returns the answer. */
function raw(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(rig.emulator.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\r\n\r\n')) socket.end();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

const HEAD = 'HTTP/1.1\r\nhost: x\r\nauthorization: Bearer test\r\n';

test.each([
  ['a method that nobody knows', `FETCH /v1/models ${HEAD}\r\n`, 400],
  ['a known method that no path takes', `PROPFIND /v1/models ${HEAD}\r\n`, 405],
  ['a path that is no text', `GET /v1/responses/%zz ${HEAD}\r\n`, 400],
  ['headers without end', `GET /v1/models ${HEAD}x: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['a body beyond the limit', `POST /v1/responses ${HEAD}content-type: application/json\r\ncontent-length: 99999999\r\n\r\n`, 413],
  ['a length that is none', `POST /v1/responses ${HEAD}content-length: many\r\n\r\n`, 400],
  ['no HTTP at all', '\u0016\u0003\u0001\u0002\r\n\r\n', 400],
])('%s gets an envelope', async (_name, bytes, status) => {
  const answer = await raw(bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
    error: { message: expect.stringMatching(/./) as string, type: 'invalid_request_error', param: null },
  });
  expect((await api(rig.emulator, 'GET /models')).status).toBe(200);
}); // prettier-ignore

test('a key given twice counts the second time, and a prototype is refused by name', async () => {
  const twice = await api(rig.emulator, 'POST /responses', '{"model":"a","model":"b","input":"x"}');
  expect(twice).toMatchObject({ status: 200, body: { model: 'b' } });
  const proto = await api(rig.emulator, 'POST /responses', '{"model":"a","input":"x","metadata":{"__proto__":"y"}}');
  expect(proto).toMatchObject({ status: 400, body: { error: { param: '__proto__', code: 'unknown_parameter' } } });
  const infinite = await api(rig.emulator, 'POST /responses', '{"model":"a","input":"x","temperature":1e999}');
  expect(infinite).toMatchObject({ status: 400, body: { error: { param: 'temperature' } } });
});
