import { advance, startRig, type Rig } from '../emulator/helpers';
import { pythonWithSdk } from './environment';
import { Validator } from './validator';

const found = pythonWithSdk();
if ('reason' in found) process.stderr.write(`test:python is skipped: ${found.reason}\n`);
const inPython = 'reason' in found ? describe.skip : describe;

let rig: Rig;
let validator: Validator;

type Json = Record<string, unknown>;

async function call(method: string, path: string, body?: Json): Promise<Json> {
  const response = await fetch(rig.emulator.url + path, {
    method,
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Json;
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** The events of a foreground response. */
async function stream(body: Json): Promise<Json[]> {
  const response = await fetch(`${rig.emulator.url}/responses`, {
    method: 'POST',
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
  });
  return [...(await response.text()).matchAll(/^data: (.+)$/gm)].map(([, data = '']) => JSON.parse(data) as Json);
}

/** What Python refuses of an object. */
function refused(model: string, value: unknown): Promise<string[]> {
  return validator.problems(model, value);
}

const QUESTION = 'What is Raft, and how does it differ from Paxos?';
const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
  additionalProperties: false,
};
const FUNCTION = {
  type: 'function',
  name: 'look_up',
  description: 'Looks up a term',
  parameters: SCHEMA,
  strict: true,
};
const CREATES: [string, Json][] = [
  ['of a model that does not reason', { model: 'gpt-4o' }],
  ['of a model that reasons', { model: 'gpt-5', reasoning: { effort: 'high', summary: 'auto' } }],
  ['with a schema', { text: { format: { type: 'json_schema', name: 'n', schema: SCHEMA, strict: true } } }],
  ['with an object', { text: { format: { type: 'json_object' }, verbosity: 'low' }, input: 'Answer in JSON.' }],
  ['with a function', { tools: [FUNCTION], tool_choice: 'required' }],
  ['with a bare function', { tools: [{ type: 'function', name: 'f' }], tool_choice: { type: 'function', name: 'f' } }],
  ['with a custom tool', { tools: [{ type: 'custom', name: 'c' }], tool_choice: 'required' }],
  ['with a search', { tools: [{ type: 'web_search' }], include: ['web_search_call.action.sources'] }],
  ['with code', { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }], tool_choice: 'required' }],
  ['that was cut', { max_output_tokens: 16 }],
  ['that failed', { metadata: { emulator_fault: 'failed' } }],
  ['with every other field', {
    instructions: 'Be brief.', parallel_tool_calls: false, service_tier: 'priority', temperature: 0.5, top_p: 0.9,
    top_logprobs: 2, truncation: 'auto', user: 'u', safety_identifier: 's', prompt_cache_key: 'k', max_tool_calls: 3,
    prompt_cache_retention: 'in-memory', prompt_cache_options: { ttl: '12h' }, prompt: { id: 'pmpt_1', version: '2' },
  }],
]; // prettier-ignore

inPython("the official Python SDK's own models, strictly", () => {
  beforeAll(async () => {
    rig = await startRig({ seconds: 60 });
    if ('python' in found) validator = new Validator(found.python);
  });
  afterAll(async () => {
    await validator.close();
    await rig.stop();
  });

  test('a wrong object is refused', async () => {
    expect(await refused('response', { id: 7 })).toContain('id: Input should be a valid string');
  });

  test.each(CREATES)('a response %s is valid when it is queued, runs and has ended', async (_name, body) => {
    const created = await call('POST', '/responses', { model: 'gpt-4.1', input: QUESTION, background: true, ...body });
    expect(await refused('response', created)).toEqual([]);
    const path = `/responses/${String(created['id'])}`;
    await advance(rig.emulator, 30);
    expect(await refused('response', await call('GET', path))).toEqual([]);
    await advance(rig.emulator, 60);
    const ended = await call('GET', path);
    expect(ended['status']).not.toMatch(/queued|in_progress/);
    expect(await refused('response', ended)).toEqual([]);
    expect(await refused('input_items', await call('GET', `${path}/input_items`))).toEqual([]);
  });

  test.each(CREATES)('every event of a stream %s is valid', async (_name, body) => {
    const metadata = { ...(body['metadata'] as object | undefined), emulator_seconds: '0' };
    const events = await stream({ model: 'gpt-4.1', input: QUESTION, ...body, metadata });
    expect(events.at(-1)?.['type']).toMatch(/^response\.(?:completed|incomplete|failed)$/);
    for (const event of events) {
      // The wire's nested form; the specification, and with it the SDK, has it flat.
      const known = event['type'] === 'error' ? { ...event, ...(event['error'] as object), type: 'error' } : event;
      expect([event['type'], await refused('event', known)]).toEqual([event['type'], []]);
    }
  });

  test('a cancelled response is valid', async () => {
    const { id } = await call('POST', '/responses', { model: 'gpt-4.1', input: QUESTION, background: true });
    expect(await refused('response', await call('POST', `/responses/${String(id)}/cancel`))).toEqual([]);
  });

  test('counts, compactions, conversations and their items are valid', async () => {
    expect(await refused('input_tokens', await call('POST', '/responses/input_tokens', { input: 'x' }))).toEqual([]);
    const input = [{ role: 'assistant', content: 'Raft elects a leader.' }];
    const compaction = await call('POST', '/responses/compact', { model: 'gpt-5', input });
    expect(await refused('compaction', compaction)).toEqual([]);

    const conversation = await call('POST', '/conversations', { items: [{ role: 'user', content: 'x' }] });
    const path = `/conversations/${String(conversation['id'])}`;
    expect(await refused('conversation', conversation)).toEqual([]);
    const items = [
      {
        type: 'reasoning',
        summary: [],
        encrypted_content: String((compaction['output'] as Json[])[0]?.['encrypted_content']),
      },
      { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}', status: 'completed' },
      { type: 'function_call_output', call_id: 'call_1', output: 'x', status: 'completed' },
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_image', image_url: 'https://example.com/i.png', detail: 'low' }],
      },
    ];
    expect(await refused('conversation_items', await call('POST', `${path}/items`, { items }))).toEqual([]);
    expect(await refused('conversation_items', await call('GET', `${path}/items`))).toEqual([]);
    expect(await refused('conversation_deleted', await call('DELETE', path))).toEqual([]);
  });
});
