import { run, startRig, type Rig } from './helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0.02, models: ['gpt-5', 'gpt-4.1'], apiKey: 'secret' });
  rig.client.apiKey = 'secret';
});
afterAll(() => rig.stop());

type Body = Record<string, unknown>;

/** Posts a create and gives status and error. */
async function refused(body: Body): Promise<unknown> {
  const response = await fetch(`${rig.emulator.url}/responses`, {
    method: 'POST',
    headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1', input: 'x', ...body }),
  });
  return { status: response.status, ...((await response.json()) as { error: object }).error };
}

test.each<[string, Body, Body]>([
  [
    'an unknown model',
    { model: 'x' },
    { param: 'model', code: 'model_not_found', message: "The requested model 'x' does not exist." },
  ],
  ['a temperature out of range', { temperature: -1 }, { param: 'temperature', code: 'decimal_below_min_value' }],
  ['too small a limit', { max_output_tokens: 15 }, { param: 'max_output_tokens', code: 'integer_below_min_value' }],
  ['an unknown parameter', { colour: 'red' }, { param: 'colour', code: 'unknown_parameter' }],
  [
    'background without store',
    { background: true, store: false },
    { param: 'background', code: 'unsupported_parameter' },
  ],
  [
    'a wrong part of a message',
    { input: [{ role: 'user', content: [{ type: 'input_text', text: 4 }] }] },
    { param: 'input[0].content[0].text', code: 'invalid_type' },
  ],
  ['too much metadata', { metadata: { k: 'v'.repeat(513) } }, { param: 'metadata.k', code: 'string_above_max_length' }],
  [
    'a tool output without its call',
    { input: [{ type: 'function_call_output', call_id: 'call_1', output: 'x' }] },
    { param: 'input', message: 'No tool call found for function call output with call_id call_1.' },
  ],
  [
    'a call without its output',
    { input: [{ type: 'function_call', call_id: 'call_2', name: 'f', arguments: '{}' }] },
    { param: 'input', message: 'No tool output found for function call call_2.' },
  ],
  [
    'reasoning without what follows it',
    { input: [{ type: 'reasoning', id: 'rs_1', summary: [] }] },
    { param: 'input', message: "Item 'rs_1' of type 'reasoning' was provided without its required following item." },
  ],
])('%s is refused', async (_name, body, error) => {
  expect(await refused(body)).toMatchObject({ status: 400, type: 'invalid_request_error', ...error });
});

test('a missing key and a wrong key are told apart', async () => {
  const url = `${rig.emulator.url}/models`;
  const missing = await fetch(url);
  expect([missing.status, await missing.json()]).toMatchObject([401, { error: { code: null } }]);
  const wrong = await fetch(url, { headers: { authorization: 'Bearer guess' } });
  const body = await wrong.text();
  expect([wrong.status, JSON.parse(body)]).toMatchObject([401, { error: { code: 'invalid_api_key' } }]);
  expect(body).not.toContain('guess');
});

test('an unknown address is a 404 in the envelope, under /v1 and at the root', async () => {
  const headers = { authorization: 'Bearer secret' };
  for (const path of ['/v1/nothing', '/nothing']) {
    const response = await fetch(new URL(path, rig.emulator.url), { headers });
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { error: { message: `Invalid URL (GET ${path})` } },
    ]);
  }
  const models = await fetch(new URL('/models', rig.emulator.url), { headers });
  expect(await models.json()).toMatchObject({ data: [{ id: 'gpt-5' }, { id: 'gpt-4.1' }] });
});

describe('items that the server knows', () => {
  test('a reasoning response reports its reasoning, and its items must be sent back together', async () => {
    const { client } = rig;
    const response = await run(client, { model: 'gpt-5', input: 'Explain Raft.', reasoning: { summary: 'auto' } });
    const [reasoning, message] = response.output;
    expect(reasoning).toMatchObject({ type: 'reasoning', summary: [{ type: 'summary_text' }] });
    const tokens = response.usage?.output_tokens_details.reasoning_tokens ?? 0;
    expect(tokens).toBeGreaterThanOrEqual(243);
    expect(tokens).toBeLessThanOrEqual(273);
    if (reasoning === undefined || message?.type !== 'message') throw new Error('The response has no message.');

    const question = { role: 'user', content: 'And Paxos?' };
    expect(await refused({ input: [message, question] })).toMatchObject({
      status: 400,
      message: `Item '${message.id}' of type 'message' was provided without its required 'reasoning' item: '${reasoning.id}'.`,
    });
    expect(await refused({ input: [reasoning, question] })).toMatchObject({ status: 400, param: 'input' });
    expect(await refused({ input: [message], previous_response_id: response.id })).toMatchObject({
      status: 400,
      message: expect.stringContaining(`Duplicate item found with id ${message.id}`) as string,
    });
    const whole = await run(client, { input: [...response.output, { role: 'user', content: 'And Paxos?' }] as never });
    expect(whole.status).toBe('completed');
  });

  test('an item can be referred to by its id', async () => {
    const { client } = rig;
    const first = await run(client, { input: 'Explain Paxos.' });
    const id = first.output[0]?.id ?? '';
    const second = await run(client, {
      input: [
        { type: 'item_reference', id },
        { role: 'user', content: 'Summarise the above.' },
      ],
    });
    expect(second.output_text).toContain('Paxos is a family of protocols');
    expect(await refused({ input: [{ type: 'item_reference', id: 'msg_none' }] })).toMatchObject({ status: 404 });
  });

  test('input items are listed with ids, newest first', async () => {
    const { client } = rig;
    const input = ['a', 'b', 'c'].map((content) => ({ role: 'user' as const, content }));
    const { id } = await run(client, { input });
    const page = await client.responses.inputItems.list(id, { limit: 2 });
    expect(page.data.map((item) => JSON.stringify(item).includes('"text":"c"'))).toEqual([true, false]);
    expect(page.has_more).toBe(true);
    const all = [];
    for await (const item of client.responses.inputItems.list(id, { limit: 1, order: 'asc' })) all.push(item.id);
    expect(new Set(all).size).toBe(3);
  });
});

test('credentials of an MCP tool are neither stored nor echoed', async () => {
  const tool = {
    type: 'mcp' as const,
    server_label: 's',
    server_url: 'https://x.invalid',
    authorization: 'hush',
    headers: { k: 'hush' },
  };
  const response = await run(rig.client, { input: 'x', tools: [tool] });
  expect(response.tools).toMatchObject([{ type: 'mcp', server_label: 's' }]);
  expect(JSON.stringify(response)).not.toContain('hush');
});

test('a response that is not stored cannot be retrieved, nor can one still running in the foreground', async () => {
  const { client } = rig;
  const response = await client.responses.create({ model: 'gpt-4.1', input: 'x', store: false });
  expect(response).toMatchObject({ status: 'completed', store: false });
  await expect(client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 });
  await expect(client.responses.cancel(response.id)).rejects.toMatchObject({ status: 404 });
});

test('encrypted reasoning cannot be asked for on retrieve', async () => {
  const { id } = await run(rig.client, { input: 'x' });
  const asked = rig.client.responses.retrieve(id, { include: ['reasoning.encrypted_content'] });
  await expect(asked).rejects.toMatchObject({ status: 400, param: 'include' });
});
