import type OpenAI from 'openai';
import { run, startRig, type Response, type Rig } from '../emulator/helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0.02, speed: 50 });
});
afterAll(() => rig.stop());

interface ToolUsage {
  web_search: { num_requests: number };
  image_gen: { total_tokens: number };
}

/** A field that the types of this SDK do not know yet. */
function toolUsageOf(response: Response): ToolUsage {
  return (response as unknown as { tool_usage: ToolUsage }).tool_usage;
}

function searchesOf(response: Response): number {
  return response.output.filter((item) => item.type === 'web_search_call' && item.action.type === 'search').length;
}

describe('usage', () => {
  test('has every field, and its totals add up', async () => {
    const { usage } = await run(rig.client, { model: 'gpt-5', input: 'Explain Raft.' });
    if (usage === undefined) throw new Error('The response has no usage.');
    expect(usage).toEqual({
      input_tokens: expect.any(Number) as number,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: expect.any(Number) as number,
      output_tokens_details: { reasoning_tokens: expect.any(Number) as number },
      total_tokens: usage.input_tokens + usage.output_tokens,
    });
    expect(usage.output_tokens).toBeGreaterThan(usage.output_tokens_details.reasoning_tokens);
  });

  test('reasoning tokens are inside the output tokens, and none without reasoning', async () => {
    const { client } = rig;
    const reasons = await run(client, { model: 'gpt-5', input: 'Explain Raft.' });
    const plain = await run(client, { model: 'gpt-5', input: 'Explain Raft.', reasoning: { effort: 'none' } });
    expect(reasons.usage?.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
    expect(plain.usage?.output_tokens_details.reasoning_tokens).toBe(0);
    expect(reasons.output_text).toBe(plain.output_text);
    expect(reasons.usage?.output_tokens).toBe(
      (plain.usage?.output_tokens ?? 0) + (reasons.usage?.output_tokens_details.reasoning_tokens ?? 0),
    );
  });

  test('all tokens of a chain are billed again, and from 1024 on they count as cached in steps of 128', async () => {
    const { client } = rig;
    const first = await run(client, { input: `Explain Raft. ${'Notes follow. '.repeat(400)}` });
    const second = await run(client, { input: 'And Paxos?', previous_response_id: first.id });
    const earlier = first.usage?.input_tokens ?? 0;
    const cached = second.usage?.input_tokens_details.cached_tokens ?? 0;
    expect(second.usage?.input_tokens).toBeGreaterThan(earlier);
    expect(cached).toBeGreaterThanOrEqual(1024);
    expect(cached % 128).toBe(0);
    expect(cached).toBeLessThanOrEqual(second.usage?.input_tokens ?? 0);
    expect(first.usage?.input_tokens_details.cached_tokens).toBe(0);
  });

  test('is null until the end, and stays null where the response is cancelled', async () => {
    const { client } = rig;
    const metadata = { emulator_seconds: '6000' };
    const created = await client.responses.create({ model: 'm', input: 'x', background: true, metadata });
    expect(created.usage).toBeNull();
    expect((await client.responses.cancel(created.id)).usage).toBeNull();
    expect((await client.responses.retrieve(created.id)).usage).toBeNull();
  });

  test('a function call costs the tokens of its arguments', async () => {
    const tool: OpenAI.Responses.FunctionTool = {
      type: 'function',
      name: 'look_up',
      description: 'Looks up a word',
      strict: false,
      parameters: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
    };
    const response = await run(rig.client, { input: 'Look up the word "quorum".', tools: [tool] });
    expect(response.output.map((item) => item.type)).toEqual(['function_call']);
    expect(response.usage?.output_tokens).toBeGreaterThan(0);
  });
});

describe('tool_usage', () => {
  test('counts billable searches, and page opens not', async () => {
    const response = await run(rig.client, {
      model: 'gpt-5',
      input: 'How does Raft differ from Paxos?',
      tools: [{ type: 'web_search' }],
    });
    const calls = response.output.filter((item) => item.type === 'web_search_call');
    expect(toolUsageOf(response).web_search.num_requests).toBe(2);
    expect(searchesOf(response)).toBe(2);
    expect(calls.length).toBeGreaterThan(2);
  });

  test('counts what max_tool_calls let through', async () => {
    const response = await run(rig.client, {
      input: 'How does Raft differ from Paxos?',
      tools: [{ type: 'web_search' }],
      max_tool_calls: 1,
    } as object);
    expect(toolUsageOf(response).web_search.num_requests).toBe(1);
  });

  test('is there with zeros where no tool was used', async () => {
    const response = await run(rig.client, { input: 'Explain Raft.' });
    expect(toolUsageOf(response)).toMatchObject({ web_search: { num_requests: 0 }, image_gen: { total_tokens: 0 } });
  });
});
