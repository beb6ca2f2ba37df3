import * as fc from 'fast-check';
import { startRig, type Rig } from './helpers';
import { SEED } from './seed';
import { idOf, streamOf } from './streams';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0 });
});
afterAll(() => rig.stop());

interface Envelope {
  error?: { message: unknown; type: unknown; param: unknown; code: unknown };
}

/** Sends a request and says what is wrong with the answer: only successes and 4xx envelopes are right. */
async function wrongWith(method: string, path: string, body?: string, type = 'application/json'): Promise<unknown> {
  const headers = { authorization: 'Bearer test', ...(body === undefined ? {} : { 'content-type': type }) };
  const response = await fetch(rig.emulator.url + path, { method, headers, body });
  const text = await response.text();
  if (response.ok) return null;
  const { error } = JSON.parse(text) as Envelope;
  const enveloped =
    typeof error?.message === 'string' && typeof error.type === 'string' && 'param' in error && 'code' in error;
  return response.status >= 400 && response.status < 500 && enveloped
    ? null
    : { method, path, status: response.status, text };
}

const FIELDS = [
  'model', 'input', 'instructions', 'background', 'store', 'stream', 'previous_response_id', 'conversation', 'metadata',
  'include', 'max_output_tokens', 'max_tool_calls', 'tools', 'tool_choice', 'text', 'reasoning', 'temperature', 'top_p',
  'user', 'truncation', 'items', 'file_ids', 'query', 'expires_after', 'name', 'unknown',
]; // prettier-ignore
const WORDS = [
  'type', 'role', 'content', 'id', 'text', 'format', 'schema', 'name', 'call_id', 'output', 'properties', 'anyOf', '$ref',
  'emulator_fault', 'emulator_seconds', '__proto__', 'constructor', 'toString',
]; // prettier-ignore
const VALUES = [
  'message', 'user', 'assistant', 'input_text', 'output_text', 'reasoning', 'function_call', 'function_call_output',
  'item_reference', 'file_search', 'web_search', 'function', 'json_schema', 'json_object', 'object', 'array', '#',
  'failed:*', 'stuck', 'vs_1', 'Explain Paxos.', '\u0000', '\ud800', '🙂', '((((', 'a'.repeat(70),
]; // prettier-ignore
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(...VALUES, null, true, false, 0, -1, 1.5, 1e308, 20),
    fc.jsonValue({ maxDepth: 2 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...WORDS), tie('value'), { maxKeys: 5 }),
  ),
}));
const body = fc.oneof(
  fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 6 }),
  fc
    .dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 4 })
    .map((fields) => ({ model: 'm', input: 'x', ...fields })),
  value,
);
const POSTS = ['/responses', '/responses/resp_1/cancel', '/responses/input_tokens', '/responses/compact', '/conversations', '/conversations/conv_1', '/conversations/conv_1/items',
  '/vector_stores', '/vector_stores/vs_1', '/vector_stores/vs_1/files', '/vector_stores/vs_1/search', '/files',
]; // prettier-ignore

test('random bodies get a success or a 4xx envelope', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/responses', ...POSTS), body, async (path, content) => {
      expect(await wrongWith('POST', path, JSON.stringify(content))).toBeNull();
    }),
    { numRuns: 300, seed: SEED },
  );
});

test('random input items get a success or a 4xx envelope', async () => {
  const item = fc.dictionary(fc.constantFrom('type', 'role', 'content', 'id', 'call_id', 'output', 'summary'), value);
  await fc.assert(
    fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 3 }), async (input) => {
      expect(await wrongWith('POST', '/responses', JSON.stringify({ model: 'm', input }))).toBeNull();
    }),
    { numRuns: 200, seed: SEED },
  );
});

function nest(open: string, close: string, levels: number): string {
  return `${open.repeat(levels)}1${close.repeat(levels)}`;
}

test('bodies nested beyond all reason are refused, and the server goes on', async () => {
  for (const levels of [50, 3000, 100_000]) {
    const schema = nest('{"anyOf":[', ']}', levels);
    const format = `{"type":"json_schema","name":"n","schema":{"type":"object","properties":{"a":${schema}}}}`;
    const filter = nest('{"type":"and","filters":[', ']}', levels);
    const tool = `{"type":"file_search","vector_store_ids":["vs_1"],"filters":${filter}}`;
    for (const field of [`"text":{"format":${format}}`, `"tools":[${tool}]`, `"input":${nest('[', ']', levels)}`]) {
      expect(await wrongWith('POST', '/responses', `{"model":"m","input":"x",${field}}`)).toBeNull();
    }
  }
  expect(await wrongWith('GET', '/models')).toBeNull();
});

test('bodies that are no JSON, odd queries and odd methods are answered in the envelope', async () => {
  const { id } = await rig.client.conversations.create();
  const streamed = idOf(await streamOf(rig, { input: 'x' }));
  const segment = fc.string({ maxLength: 20 }).map(encodeURIComponent);
  await fc.assert(
    fc.asyncProperty(
      fc.string(),
      segment,
      fc.constantFrom('limit', 'order', 'after', 'include[]', 'stream', 'starting_after', 'include_obfuscation'),
      async (text, odd, key) => {
        expect(await wrongWith('POST', '/responses', text)).toBeNull();
        expect(await wrongWith('POST', '/files', text, 'multipart/form-data; boundary=x')).toBeNull();
        expect(await wrongWith('GET', `/conversations/${id}/items?${key}=${odd}`)).toBeNull();
        expect(await wrongWith('GET', `/responses/${odd}?${key}=${odd}`)).toBeNull();
        expect(await wrongWith('GET', `/responses/${streamed}?stream=true&${key}=${odd}`)).toBeNull();
        expect(await wrongWith('PATCH', `/${odd}`, text, 'text/plain')).toBeNull();
      },
    ),
    { numRuns: 60, seed: SEED },
  );
});
