import { BadRequestError, NotFoundError } from 'openai';
import type OpenAI from 'openai';
import { advance, api, refusalOf, run, startRig, untilEnded, type Response, type Rig } from '../emulator/helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 60, models: ['gpt-4.1', 'gpt-4o', 'gpt-5'] });
});
afterAll(() => rig.stop());

type Json = Record<string, unknown>;
const BASE = { model: 'gpt-4.1', input: 'What is Raft?', background: true };

function create(fields: object = {}): Promise<Response> {
  return rig.client.responses.create({ ...BASE, ...fields } as OpenAI.Responses.ResponseCreateParamsNonStreaming);
}

async function ended(fields: object = {}): Promise<Response> {
  const { id } = await create(fields);
  await advance(rig.emulator, 61);
  return untilEnded(rig.client, id);
}

const refuse = (fields: object): Promise<Json> => refusalOf(rig.emulator, 'POST /responses', { ...BASE, ...fields });

describe('statuses', () => {
  test('a response is queued, runs and is completed, and never goes backwards', async () => {
    const { id, status } = await create();
    expect(status).toBe('queued');
    const seen = new Set<unknown>();
    for (let step = 0; step < 14; step += 1) {
      await advance(rig.emulator, 5);
      seen.add((await rig.client.responses.retrieve(id)).status);
    }
    expect([...seen]).toEqual(['in_progress', 'completed']);
  });

  test('usage is null, the tier auto and the bill nobody’s until it has ended', async () => {
    const { id } = await create();
    const open = (await api(rig.emulator, `GET /responses/${id}`)).body;
    expect(open).toMatchObject({ usage: null, service_tier: 'auto', completed_at: null, output: [], error: null });
    expect(open).not.toHaveProperty('billing');
    expect(open).not.toHaveProperty('output_text');
    await advance(rig.emulator, 61);
    const { body } = await api(rig.emulator, `GET /responses/${id}`);
    expect(body).toMatchObject({ service_tier: 'default', billing: { payer: 'developer' }, error: null });
    expect(Number(body['completed_at'])).toBeGreaterThanOrEqual(Number(body['created_at']) + 60);
    const usage = body['usage'] as NonNullable<Response['usage']>;
    expect(usage.total_tokens).toBe(usage.input_tokens + usage.output_tokens);
    expect(usage.input_tokens_details).toEqual({ cached_tokens: 0, cache_write_tokens: 0 });
  });

  test('a tier that was asked for is the tier that is told', async () => {
    expect(await ended({ service_tier: 'priority' })).toMatchObject({ service_tier: 'priority' });
  });

  test('a failed response is an HTTP 200 with an error, and raises nothing', async () => {
    const failed = await ended({ metadata: { emulator_fault: 'failed:insufficient_quota' } });
    expect(failed).toMatchObject({
      status: 'failed',
      error: { code: 'insufficient_quota', message: expect.any(String) as string },
      completed_at: null,
      incomplete_details: null,
      usage: null,
    });
  });

  test.each(['max_output_tokens', 'content_filter'])('an incomplete response says %s', async (reason) => {
    const incomplete = await ended({ metadata: { emulator_fault: `incomplete:${reason}` } });
    expect(incomplete).toMatchObject({ status: 'incomplete', incomplete_details: { reason }, completed_at: null });
    expect(incomplete.usage?.output_tokens).toBeGreaterThan(0);
  });

  test('an alias resolves to its dated model, a name of its own stays', async () => {
    expect((await create({ model: 'gpt-4o' })).model).toBe('gpt-4o-2024-08-06');
    expect((await create({ model: 'gpt-5' })).model).toBe('gpt-5-2025-08-07');
    const other = await startRig({ seconds: 0, modelNames: 'asked' });
    try {
      expect((await run(other.client, { model: 'gpt-4o', input: 'x' })).model).toBe('gpt-4o');
    } finally {
      await other.stop();
    }
  });

  test('every field of the live object and of the Open Responses schema is there', async () => {
    const { body } = await api(rig.emulator, 'POST /responses', BASE);
    const fields = [
      'background', 'completed_at', 'conversation', 'created_at', 'error', 'frequency_penalty', 'id', 'incomplete_details',
      'instructions', 'max_output_tokens', 'max_tool_calls', 'metadata', 'model', 'moderation', 'object', 'output',
      'parallel_tool_calls', 'presence_penalty', 'previous_response_id', 'prompt', 'prompt_cache_key',
      'prompt_cache_retention', 'reasoning', 'safety_identifier', 'service_tier', 'status', 'store', 'temperature', 'text',
      'tool_choice', 'tool_usage', 'tools', 'top_logprobs', 'top_p', 'truncation', 'usage', 'user',
    ]; // prettier-ignore
    expect(Object.keys(body).toSorted()).toEqual(fields);
    expect(body).toMatchObject({ text: { format: { type: 'text' }, verbosity: 'medium' }, top_logprobs: 0, top_p: 1 });
  });

  test('a model that reasons tells how: effort, summary, context and mode', async () => {
    expect((await create({ model: 'gpt-5' })).reasoning).toEqual({
      effort: 'medium', summary: null, context: 'current_turn', mode: 'standard',
    }); // prettier-ignore
    expect((await create()).reasoning).toEqual({ effort: null, summary: null });
  });
});

describe('HTTP errors', () => {
  test('an unknown model is a 400 model_not_found, not a 404', async () => {
    expect(await refuse({ model: 'o3-deep-research' })).toEqual({
      status: 400,
      type: 'invalid_request_error',
      code: 'model_not_found',
      param: 'model',
      message: "The requested model 'o3-deep-research' does not exist.",
    });
  });

  test('a value out of range names its parameter, deep inside by a path', async () => {
    expect(await refuse({ temperature: -1 })).toMatchObject({
      status: 400,
      code: 'decimal_below_min_value',
      param: 'temperature',
      message: "Invalid 'temperature': decimal below minimum value. Expected a value >= 0, but got -1 instead.",
    });
    const bad = { type: 'input_file', filename: 'a.pdf', file_data: 'not base64' };
    const input = [
      { role: 'user', content: 'x' },
      { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
      { role: 'user', content: 'x' },
      { type: 'function_call_output', call_id: 'call_1', output: [bad] },
    ];
    expect(await refuse({ input })).toMatchObject({
      status: 400,
      code: 'invalid_value',
      param: 'input[3].output[0].file_data',
    });
  });

  test('an error before a stream begins is plain JSON', async () => {
    expect(await refuse({ stream: true, temperature: 3 })).toMatchObject({ status: 400, param: 'temperature' });
  });

  test('background with store:false is unsupported', async () => {
    expect(await refuse({ store: false })).toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: 'background',
    });
  });

  test('a previous response that is not known is a 400, a 404 where the switch says so', async () => {
    const refused = { code: 'previous_response_not_found', param: 'previous_response_id', message: "Previous response with id 'resp_none' not found." }; // prettier-ignore
    expect(await refuse({ previous_response_id: 'resp_none' })).toMatchObject({ status: 400, ...refused });
    const other = await startRig({ previousNotFound: 404 });
    try {
      const body = { ...BASE, previous_response_id: 'resp_none' };
      expect(await refusalOf(other.emulator, 'POST /responses', body)).toMatchObject({ status: 404, ...refused });
    } finally {
      await other.stop();
    }
  });

  test('a conversation in use is a 400 conversation_locked, so that the SDK does not retry it', async () => {
    const { id } = await rig.client.conversations.create();
    await create({ conversation: id });
    const locked = {
      status: 400,
      type: 'invalid_request_error',
      code: 'conversation_locked',
      param: 'conversation',
      message: expect.stringContaining('Another process is currently operating on this conversation') as string,
    };
    expect(await refuse({ conversation: { id } })).toMatchObject(locked);
    const items = [{ role: 'user', content: 'x' }];
    expect(await refusalOf(rig.emulator, `POST /conversations/${id}/items`, { items })).toMatchObject(locked);
    await advance(rig.emulator, 61);
    expect((await create({ conversation: id })).status).toBe('queued');
  });

  test('encrypted content of a kept response is refused on retrieve', async () => {
    const { id } = await create();
    const asked = rig.client.responses.retrieve(id, { include: ['reasoning.encrypted_content'] });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      param: 'include',
      message: '400 Encrypted content cannot be requested for persisted responses.',
    });
  });

  test('a response that was not made as one cannot be streamed', async () => {
    const { id } = await create();
    expect(await refusalOf(rig.emulator, `GET /responses/${id}?stream=true`)).toMatchObject({
      status: 400,
      param: 'stream',
      message: 'This response cannot be streamed because it was not created with stream=true.',
    });
  });

  test('what is unknown or deleted is a 404 that names its id', async () => {
    const missing: unknown = await rig.client.responses.retrieve('resp_none').catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(NotFoundError);
    expect(missing).toMatchObject({
      type: 'invalid_request_error',
      code: null,
      message: "404 Response with id 'resp_none' not found.",
    });
  });

  test('cancel and delete are refused by status, with the reason', async () => {
    const running = await create();
    await expect(rig.client.responses.delete(running.id)).rejects.toMatchObject({
      status: 400,
      message: '400 Cannot delete an in-flight response.',
    });
    const done = await ended();
    await expect(rig.client.responses.cancel(done.id)).rejects.toBeInstanceOf(BadRequestError);
    await expect(rig.client.responses.cancel(done.id)).rejects.toThrow('Cannot cancel a completed response.');
    const failed = await ended({ metadata: { emulator_fault: 'failed' } });
    await expect(rig.client.responses.cancel(failed.id)).rejects.toThrow('Cannot cancel a failed response.');
  });
});

async function post(body: string | Uint8Array<ArrayBuffer> | URLSearchParams, type?: string): Promise<Json> {
  const headers = { authorization: 'Bearer test', ...(type === undefined ? {} : { 'content-type': type }) };
  const answer = await fetch(`${rig.emulator.url}/responses`, { method: 'POST', headers, body });
  return { status: answer.status, ...((await answer.json()) as { error: object }).error };
}

describe('bodies that are no request', () => {
  test.each<[string, string | Uint8Array<ArrayBuffer>, string]>([
    ['JSON that breaks off', '{"model":', 'application/json'],
    ['text that is not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), 'application/json'],
  ])('%s is a 400 that says so', async (_name, body, type) => {
    expect(await post(body, type)).toMatchObject({
      status: 400,
      message: expect.stringContaining('could not parse the JSON body') as string,
    });
  });

  test('another content type is named, with the one that is taken', async () => {
    const text = JSON.stringify(BASE);
    expect(await post(text, 'text/plain')).toMatchObject({ status: 400, code: 'unsupported_content_type' });
    expect(await post(new URLSearchParams({ model: 'x' }))).toMatchObject({ status: 400 });
    expect(await post(text, 'application/json; charset=utf-8')).toEqual({ status: 200 });
  });
});
