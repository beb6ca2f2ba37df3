import type OpenAI from 'openai';
import { api, refusalOf, run, startRig, type Rig } from '../emulator/helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0 });
});
afterAll(() => rig.stop());

type Json = Record<string, unknown>;
const BASE = { model: 'gpt-4.1', input: 'What is Raft?' };
const refuse = (body: unknown): Promise<Json> => refusalOf(rig.emulator, 'POST /responses', body);

describe('the endpoints of responses', () => {
  test('create, retrieve, delete and cancel are those of the SDK, with bare ids in answers', async () => {
    const { responses } = rig.client;
    const { id } = await run(rig.client, BASE);
    expect(id).toMatch(/^resp_[0-9a-f]{50}$/);
    expect(await api(rig.emulator, `DELETE /responses/${id}`)).toEqual({
      status: 200,
      body: { id, object: 'response', deleted: true },
    });
    await expect(responses.delete(id)).rejects.toMatchObject({ status: 404 });
  });

  test('input_tokens counts what a create would report, with nothing sent at all too', async () => {
    const { responses } = rig.client;
    const tools: OpenAI.Responses.Tool[] = [
      { type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false },
    ];
    const body = { model: 'gpt-4.1', input: 'What is Raft?', instructions: 'Be brief.', tools };
    const counted = await responses.inputTokens.count(body);
    const { usage } = await responses.create({ ...body, tool_choice: 'none' });
    expect(counted).toEqual({ object: 'response.input_tokens', input_tokens: usage?.input_tokens });
    expect((await responses.inputTokens.count()).input_tokens).toBe(0);

    const first = await responses.create(BASE);
    const next = await responses.inputTokens.count({ previous_response_id: first.id, input: 'And Paxos?' });
    const { usage: chained } = await responses.create({ ...BASE, previous_response_id: first.id, input: 'And Paxos?' });
    expect(next.input_tokens).toBe(chained?.input_tokens);
    const conversation = await rig.client.conversations.create({ items: [{ role: 'user', content: 'x'.repeat(400) }] });
    const inside = await responses.inputTokens.count({ conversation: conversation.id, input: 'y' });
    expect(inside.input_tokens).toBe(101);
    expect(await refusalOf(rig.emulator, 'POST /responses/input_tokens', { conversation: 'conv_none' })).toMatchObject({
      status: 404,
    });
  });

  test('compact requires a model and gives the user messages and one item that only this emulator reads', async () => {
    const { responses } = rig.client;
    expect(await refusalOf(rig.emulator, 'POST /responses/compact', { input: 'x' })).toMatchObject({
      status: 400,
      param: 'model',
      code: 'missing_required_parameter',
    });
    const input = [
      { role: 'user' as const, content: 'What does the Zanzibar paper call its cookies?' },
      { role: 'assistant' as const, content: 'Zanzibar calls its consistency cookies zookies.' },
    ];
    const compacted = await responses.compact({ model: 'gpt-5', input });
    expect(compacted).toMatchObject({ object: 'response.compaction', usage: { input_tokens: 24 } });
    expect(compacted.output.map((item) => item.type)).toEqual(['message', 'compaction']);
    expect(JSON.stringify(compacted.output[1])).not.toContain('zookies');

    const items = compacted.output as OpenAI.Responses.ResponseInputItem[];
    const question = { role: 'user' as const, content: 'Summarise the above: what are zookies?' };
    const answer = await responses.create({ model: 'gpt-5', input: [...items, question] });
    expect(answer.output_text).toContain('zookies');
    const follow = await responses.create({
      ...BASE,
      previous_response_id: answer.id,
      input: 'Again, what are zookies?',
    });
    expect(follow.output_text).toContain('zookies');

    const other = await startRig({ seconds: 0 });
    try {
      await expect(
        other.client.responses.create({ model: 'gpt-5', input: [...items, question] }),
      ).rejects.toMatchObject({
        status: 400,
        code: 'invalid_encrypted_content',
      });
    } finally {
      await other.stop();
    }
  });

  test('compact takes a chain by its previous response', async () => {
    const first = await run(rig.client, BASE);
    const compacted = await rig.client.responses.compact({ model: 'gpt-4.1', previous_response_id: first.id });
    expect(compacted.output.map((item) => item.type)).toEqual(['message', 'compaction']);
  });

  test('?beta=true changes nothing', async () => {
    const created = await api(rig.emulator, 'POST /responses?beta=true', BASE);
    expect(created.status).toBe(200);
    const id = String(created.body['id']);
    expect(await api(rig.emulator, `GET /responses/${id}?beta=true`)).toEqual({ status: 200, body: created.body });
  });
});

describe('lists', () => {
  test('input items come newest first, 20 of them, paged by limit, order and after', async () => {
    const input = Array.from({ length: 25 }, (_, index) => ({ role: 'user' as const, content: `line ${index}` }));
    const { id } = await run(rig.client, { input });
    const first = await rig.client.responses.inputItems.list(id);
    expect([first.data.length, first.has_more]).toEqual([20, true]);
    const all: string[] = [];
    for await (const item of rig.client.responses.inputItems.list(id, { order: 'asc', limit: 7 })) {
      all.push(JSON.stringify(item));
    }
    expect(all.map((text) => /line \d+/.exec(text)?.[0])).toEqual(input.map(({ content }) => content));
    const { body } = await api(rig.emulator, `GET /responses/${id}/input_items?limit=1&order=asc`);
    expect(body).toMatchObject({ object: 'list', has_more: true, first_id: body['last_id'] });
  });

  test.each([
    ['limit=0', 'limit', 'integer_below_min_value'],
    ['limit=101', 'limit', 'integer_above_max_value'],
    ['limit=ten', 'limit', 'invalid_type'],
    ['limit=1e1', 'limit', 'invalid_type'],
    ['limit=1&limit=2', 'limit', 'invalid_type'],
    ['order=up', 'order', 'invalid_value'],
    ['after=msg_none', 'after', 'invalid_value'],
    ['include[]=everything', 'include[0]', 'invalid_value'],
    ['include=file_search_call.results&include=x', 'include[1]', 'invalid_value'],
  ])('a query %s is a 400 that names %s', async (query, param, code) => {
    const { id } = await run(rig.client, BASE);
    const conversation = await rig.client.conversations.create({ items: [{ role: 'user', content: 'x' }] });
    for (const path of [`/responses/${id}/input_items`, `/conversations/${conversation.id}/items`]) {
      expect(await refusalOf(rig.emulator, `GET ${path}?${query}`)).toMatchObject({ status: 400, param, code });
    }
  });

  test('what include[] names is left out unless it is asked for', async () => {
    const image = { type: 'input_image' as const, image_url: 'https://example.com/i.png', detail: 'low' as const };
    const results = [{ file_id: 'file-1', filename: 'f', score: 1, text: 'x', attributes: {} }];
    const input: OpenAI.Responses.ResponseInputItem[] = [
      { role: 'user', content: [image] },
      { type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['q'], results },
    ];
    const { id } = await run(rig.client, { input });
    const list = rig.client.responses.inputItems;
    const bare = await list.list(id, { order: 'asc' });
    expect(bare.data).toMatchObject([{ content: [{ image_url: null }] }, { results: null }]);
    const asked = await list.list(id, {
      order: 'asc',
      include: ['message.input_image.image_url', 'file_search_call.results'],
    });
    expect(asked.data).toMatchObject([{ content: [image] }, { results }]);
  });
});

describe('conversations', () => {
  test('take up to 20 items at once, list them by last_id, and answer a deleted item with themselves', async () => {
    const { conversations } = rig.client;
    const items = Array.from({ length: 21 }, (_, index) => ({ role: 'user' as const, content: `${index}` }));
    const error = { status: 400, param: 'items', code: 'array_above_max_length' };
    await expect(conversations.create({ items })).rejects.toMatchObject(error);
    const conversation = await conversations.create({ items: items.slice(0, 20), metadata: { topic: 'a' } });
    expect(conversation).toMatchObject({ object: 'conversation', metadata: { topic: 'a' } });
    await expect(conversations.items.create(conversation.id, { items })).rejects.toMatchObject(error);
    const added = await conversations.items.create(conversation.id, { items: items.slice(20) });
    expect(added).toMatchObject({ object: 'list', has_more: false });

    const page = await conversations.items.list(conversation.id);
    expect([page.data.length, page.has_more, page.last_id]).toEqual([20, true, page.data.at(-1)?.id]);
    const rest = await page.getNextPage();
    expect([rest.data.length, rest.has_more]).toEqual([1, false]);
    const first = rest.data[0]?.id ?? '';
    expect(await conversations.items.delete(first, { conversation_id: conversation.id })).toEqual(conversation);
    await expect(conversations.items.delete(first, { conversation_id: conversation.id })).rejects.toMatchObject({
      status: 404,
    });
  });

  test('an update requires metadata and replaces it', async () => {
    const { id } = await rig.client.conversations.create({ metadata: { a: '1' } });
    expect(await refusalOf(rig.emulator, `POST /conversations/${id}`, {})).toMatchObject({ param: 'metadata' });
    expect((await rig.client.conversations.update(id, { metadata: { b: '2' } })).metadata).toEqual({ b: '2' });
    expect((await rig.client.conversations.update(id, { metadata: null })).metadata).toEqual({});
  });

  test('a deleted one is gone with what lies under it; the responses made in it stay', async () => {
    const { conversations, responses } = rig.client;
    const { id } = await conversations.create();
    const response = await run(rig.client, { ...BASE, conversation: id });
    expect(await conversations.delete(id)).toEqual({ id, deleted: true, object: 'conversation.deleted' });
    const missing = { status: 404 };
    await expect(conversations.retrieve(id)).rejects.toMatchObject(missing);
    await expect(conversations.items.list(id)).rejects.toMatchObject(missing);
    await expect(conversations.items.create(id, { items: [] })).rejects.toMatchObject(missing);
    await expect(conversations.delete(id)).rejects.toMatchObject(missing);
    expect(await responses.retrieve(response.id)).toMatchObject({ conversation: { id } });
  });
});

describe('the create body', () => {
  test.each<[string, Json, string, string]>([
    ['max_output_tokens below 16', { max_output_tokens: 15 }, 'max_output_tokens', 'integer_below_min_value'],
    ['a fraction of a token', { max_output_tokens: 16.5 }, 'max_output_tokens', 'invalid_type'],
    ['a number beyond integers', { max_output_tokens: 1e300 }, 'max_output_tokens', 'integer_above_max_value'],
    ['max_tool_calls below 1', { max_tool_calls: 0 }, 'max_tool_calls', 'integer_below_min_value'],
    ['a temperature above 2', { temperature: 2.1 }, 'temperature', 'decimal_above_max_value'],
    ['a temperature below 0', { temperature: -0.1 }, 'temperature', 'decimal_below_min_value'],
    ['top_p above 1', { top_p: 1.1 }, 'top_p', 'decimal_above_max_value'],
    ['more than 20 logprobs', { top_logprobs: 21 }, 'top_logprobs', 'integer_above_max_value'],
    ['a safety identifier over 64 characters', { safety_identifier: 's'.repeat(65) }, 'safety_identifier', 'string_above_max_length'],
    ['a cache key over 64 characters', { prompt_cache_key: 's'.repeat(65) }, 'prompt_cache_key', 'string_above_max_length'],
    ['an input over 10 MiB', { input: 'x'.repeat(10_485_761) }, 'input', 'string_above_max_length'],
    ['17 pairs of metadata', { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) }, 'metadata', 'object_above_max_properties'],
    ['a metadata value over 512 characters', { metadata: { k: 'v'.repeat(513) } }, 'metadata.k', 'string_above_max_length'],
    ['a metadata value that is no text', { metadata: { k: 1 } }, 'metadata.k', 'invalid_type'],
    ['an unknown include', { include: ['all'] }, 'include[0]', 'invalid_value'],
    ['an unknown tier', { service_tier: 'gold' }, 'service_tier', 'invalid_value'],
    ['an unknown effort', { reasoning: { effort: 'extreme' } }, 'reasoning.effort', 'invalid_value'],
    ['an unknown context of reasoning', { reasoning: { context: 'none' } }, 'reasoning.context', 'invalid_value'],
    ['an unknown truncation', { truncation: 'tail' }, 'truncation', 'invalid_value'],
    ['an unknown verbosity', { text: { verbosity: 'loud' } }, 'text.verbosity', 'invalid_value'],
    ['a compaction below 1000 tokens', { context_management: [{ type: 'compaction', compact_threshold: 999 }] }, 'context_management[0].compact_threshold', 'integer_below_min_value'],
    ['an unknown life of the cache', { prompt_cache_options: { ttl: '1h' } }, 'prompt_cache_options.ttl', 'invalid_value'],
    ['a prompt without an id', { prompt: {} }, 'prompt.id', 'missing_required_parameter'],
    ['stream options without a stream', { stream_options: { include_obfuscation: false } }, 'stream_options', ''],
    ['no model', { model: undefined }, 'model', 'missing_required_parameter'],
    ['no input', { input: undefined }, 'input', 'missing_required_parameter'],
    ['a conversation and a previous response', { conversation: 'conv_1', previous_response_id: 'resp_1' }, 'previous_response_id', 'mutually_exclusive_parameters'],
    ['an unknown parameter', { max_tokens: 5 }, 'max_tokens', 'unknown_parameter'],
    ['an unknown parameter deep inside', { text: { format: { type: 'text', strict: true } } }, 'text.format.strict', 'unknown_parameter'],
  ])('%s is refused', async (_name, fields, param, code) => {
    expect(await refuse({ ...BASE, ...fields })).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      param,
      code: code === '' ? null : code,
    });
  }); // prettier-ignore

  test('null stands for a field that was left out', async () => {
    const nulls = [
      'instructions',
      'metadata',
      'tools',
      'text',
      'reasoning',
      'conversation',
      'store',
      'max_output_tokens',
    ];
    const body = { ...BASE, ...Object.fromEntries(nulls.map((name) => [name, null])) };
    expect(await api(rig.emulator, 'POST /responses', body)).toMatchObject({
      status: 200,
      body: { store: true, metadata: {}, tools: [], instructions: null },
    });
  });

  test('every field that the specification lists is taken and echoed', async () => {
    const fields = {
      instructions: 'Be brief.', max_output_tokens: 500, max_tool_calls: 2, metadata: { a: 'b' }, parallel_tool_calls: false,
      prompt_cache_key: 'k', prompt_cache_options: { mode: 'explicit', ttl: '30m' }, safety_identifier: 's', service_tier: 'flex',
      temperature: 0.2, top_p: 0.5, top_logprobs: 3, truncation: 'auto', user: 'u', prompt: { id: 'pmpt_1', version: '1' },
    }; // prettier-ignore
    const unseen = {
      context_management: [{ type: 'compaction', compact_threshold: 1000 }],
      moderation: { model: 'omni-moderation-latest', policy: { input: { mode: 'score' } } },
      include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
    };
    const { metadata, ...echoed } = fields;
    const { status, body } = await api(rig.emulator, 'POST /responses', { ...BASE, ...fields, ...unseen });
    expect([status, body]).toMatchObject([200, { ...echoed, metadata: expect.objectContaining(metadata) as object }]);
  });
});

describe('paths and methods', () => {
  test('the API lies under /v1 and at the root', async () => {
    const headers = { authorization: 'Bearer test' };
    const { id } = await run(rig.client, BASE);
    for (const path of [`/v1/responses/${id}`, `/responses/${id}`]) {
      expect((await fetch(new URL(path, rig.emulator.url), { headers })).status).toBe(200);
    }
  });

  test('an unknown path is a 404 and an unknown method a 405, both in the envelope', async () => {
    expect(await refusalOf(rig.emulator, 'GET /answers')).toEqual({
      status: 404, message: 'Invalid URL (GET /v1/answers)', type: 'invalid_request_error', param: null, code: null,
    }); // prettier-ignore
    expect(await refusalOf(rig.emulator, 'PATCH /responses')).toMatchObject({
      status: 405,
      message: 'Invalid method for URL (PATCH /v1/responses)',
    });
    expect(await refusalOf(rig.emulator, 'GET /responses')).toMatchObject({ status: 405 });
  });

  test('OPTIONS says what a path takes, HEAD what a GET would', async () => {
    const options = await fetch(`${rig.emulator.url}/conversations/conv_1/items`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, GET, HEAD, OPTIONS']);
    const { id } = await run(rig.client, BASE);
    const headers = { authorization: 'Bearer test' };
    const head = await fetch(`${rig.emulator.url}/responses/${id}`, { method: 'HEAD', headers });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});
