import type OpenAI from 'openai';
import { toResponseInputItems } from 'openai/lib/responses/ResponseInputItems';
import { api, refusalOf, run, startRig, type Response, type Rig } from '../emulator/helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0 });
});
afterAll(() => rig.stop());

type Json = Record<string, unknown>;
type InputItem = OpenAI.Responses.ResponseInputItem;
const MODEL = 'gpt-5';
const QUESTION = { role: 'user' as const, content: 'And what is Paxos?' };
const CALL = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' } as const;
const OUTPUT = { type: 'function_call_output', call_id: 'call_1', output: 'done' } as const;

const refuse = (body: Json): Promise<Json> => refusalOf(rig.emulator, 'POST /responses', { model: MODEL, ...body });

function create(body: Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>): Promise<Response> {
  return rig.client.responses.create({ model: MODEL, ...body });
}

/** A stored response with its reasoning and its message. */
async function answered(): Promise<{
  response: Response;
  reasoning: InputItem & { id: string };
  message: InputItem & { id: string };
}> {
  const response = await run(rig.client, { model: MODEL, input: 'What is Raft?' });
  const [reasoning, message] = response.output;
  if (reasoning?.type !== 'reasoning' || message?.type !== 'message')
    throw new Error('expected reasoning and a message');
  return { response, reasoning, message };
}

describe('server state', () => {
  test('only new items are sent; instructions, tools and text are not carried on', async () => {
    const first = await create({
      input: 'What is Raft?',
      instructions: 'Answer in one sentence.',
      text: { verbosity: 'low' },
    });
    const next = await create({ previous_response_id: first.id, input: [QUESTION] });
    expect(next).toMatchObject({
      previous_response_id: first.id,
      instructions: null,
      tools: [],
      text: { format: { type: 'text' }, verbosity: 'medium' },
    });
    expect(next.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? Infinity);
    const { data } = await rig.client.responses.inputItems.list(next.id);
    expect(data).toMatchObject([{ role: 'user', content: [{ text: QUESTION.content }] }]);
  });

  test('an item that the server holds may not be sent again', async () => {
    const { response, reasoning, message } = await answered();
    expect(await refuse({ previous_response_id: response.id, input: [message] })).toMatchObject({
      status: 400,
      code: null,
      param: 'input',
      message: expect.stringContaining(`Duplicate item found with id ${message.id}`) as string,
    });
    const twice = { input: [reasoning, message, reasoning, { ...message, id: 'msg_other' }] };
    expect(await refuse(twice)).toMatchObject({
      message: expect.stringContaining(`Duplicate item found with id ${reasoning.id}`) as string,
    });
    const { id: conversation } = await rig.client.conversations.create();
    const inside = await run(rig.client, { model: MODEL, input: 'What is Raft?', conversation });
    expect(await refuse({ conversation, input: inside.output })).toMatchObject({
      message: expect.stringContaining('Duplicate item found') as string,
    });
  });

  test('it is one of a previous response and a conversation', async () => {
    expect(await refuse({ input: 'x', conversation: 'conv_1', previous_response_id: 'resp_1' })).toMatchObject({
      status: 400,
      code: 'mutually_exclusive_parameters',
    });
  });

  test('an item is known by its id alone', async () => {
    const { reasoning, message } = await answered();
    const references = [reasoning, message].map(({ id }) => ({ type: 'item_reference' as const, id }));
    const response = await create({ input: [...references, QUESTION] });
    const { data } = await rig.client.responses.inputItems.list(response.id, { order: 'asc' });
    expect(data.map(({ id }) => id).slice(0, 2)).toEqual([reasoning.id, message.id]);
    expect((await create({ input: [...references.map(({ id }) => ({ id })), QUESTION] as InputItem[] })).status).toBe(
      'completed',
    );
  });
});

describe('the pairing of reasoning and its item', () => {
  test('reasoning is followed by what it led to', async () => {
    const { reasoning } = await answered();
    const message = `Item '${reasoning.id}' of type 'reasoning' was provided without its required following item.`;
    for (const input of [[reasoning], [reasoning, QUESTION], [CALL, reasoning, OUTPUT]]) {
      expect(await refuse({ input })).toMatchObject({ status: 400, code: null, param: 'input', message });
    }
  });

  test('an item whose response had reasoning is sent with it', async () => {
    const { reasoning, message } = await answered();
    expect(await refuse({ input: [message, QUESTION] })).toMatchObject({
      status: 400,
      code: null,
      param: 'input',
      message: `Item '${message.id}' of type 'message' was provided without its required 'reasoning' item: '${reasoning.id}'.`,
    });
  });

  test('a function call counts as what reasoning led to, and needs it', async () => {
    const parameters = { type: 'object', properties: {} };
    const tools: OpenAI.Responses.Tool[] = [{ type: 'function', name: 'f', parameters, strict: false }];
    const { output } = await run(rig.client, { model: MODEL, input: 'Call f.', tools, tool_choice: 'required' });
    const call = output.find((item) => item.type === 'function_call');
    const result = { type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: 'done' };
    expect(await refuse({ input: [call, result] })).toMatchObject({
      message: expect.stringMatching(/^Item 'fc_.*required 'reasoning' item: 'rs_/) as string,
    });
    expect((await create({ input: [...(output as InputItem[]), result] })).status).toBe('completed');
  });

  test('without ids and reasoning nothing is asked for', async () => {
    const { message } = await answered();
    const { id: _, ...bare } = message;
    expect((await create({ input: [bare as InputItem, QUESTION] })).status).toBe('completed');
  });

  test('reasoning that is neither kept nor carried along is a 404', async () => {
    const { message } = await answered();
    const input = [{ type: 'reasoning', id: 'rs_none', summary: [] }, { ...message, id: undefined }, QUESTION];
    expect(await refuse({ input })).toMatchObject({
      status: 404,
      message: expect.stringMatching(
        /^Item with id 'rs_none' not found\. Items are not persisted when `store`/,
      ) as string,
    });
  });
});

describe('tool calls and their outputs', () => {
  test.each<[string, Json[], string]>([
    ['a call without its output', [CALL, QUESTION], 'No tool output found for function call call_1.'],
    ['an output without its call', [OUTPUT], 'No tool call found for function call output with call_id call_1.'],
    ['a custom call without its output', [{ type: 'custom_tool_call', call_id: 'c', name: 'f', input: '' }], 'No tool output found for custom tool call c.'],
    ['a custom output without its call', [{ type: 'custom_tool_call_output', call_id: 'c', output: '' }], 'No tool call found for custom tool call output with call_id c.'],
  ])('%s is refused', async (_name, input, message) => {
    expect(await refuse({ input })).toMatchObject({ status: 400, param: 'input', message });
  }); // prettier-ignore

  test('every unanswered call of a chain must be answered before anything else is said', async () => {
    const parameters = { type: 'object', properties: {} };
    const tools: OpenAI.Responses.Tool[] = [{ type: 'function', name: 'f', parameters, strict: false }];
    const asked = await run(rig.client, { model: 'gpt-4.1', input: 'Call f.', tools, tool_choice: 'required' });
    const call = asked.output.find((item) => item.type === 'function_call');
    const callId = call?.call_id ?? '';
    const chained = { previous_response_id: asked.id, tools };
    expect(await refuse({ ...chained, input: [QUESTION] })).toMatchObject({
      message: `No tool output found for function call ${callId}.`,
    });
    // The call's own id is not its call_id.
    expect(await refuse({ ...chained, input: [{ ...OUTPUT, call_id: call?.id }] })).toMatchObject({ status: 400 });
    expect((await create({ ...chained, input: [{ ...OUTPUT, call_id: callId }, QUESTION] })).status).toBe('completed');
  });

  test('a call_id has 1 to 64 characters, an output at most 10 MiB', async () => {
    const wrong = (fields: Json): Promise<Json> => refuse({ input: [CALL, { ...OUTPUT, ...fields }] });
    expect(await wrong({ call_id: '' })).toMatchObject({ param: 'input[1].call_id' });
    expect(await wrong({ call_id: 'c'.repeat(65) })).toMatchObject({ param: 'input[1].call_id' });
    expect(await wrong({ output: 'x'.repeat(10_485_761) })).toMatchObject({ param: 'input[1].output' });
    expect(
      (await create({ input: [CALL, { ...OUTPUT, output: [{ type: 'input_text', text: 'done' }] }] })).status,
    ).toBe('completed');
  });
});

describe('stateless', () => {
  test('store:false gives encrypted reasoning, which is sent back with all output items', async () => {
    const first = await create({ input: 'What is Raft?', store: false });
    const [reasoning] = first.output;
    expect(reasoning).toMatchObject({ type: 'reasoning', encrypted_content: expect.any(String) as string });
    const next = await create({ store: false, input: [...(first.output as InputItem[]), QUESTION] });
    expect(next.status).toBe('completed');
    const spoiled = { ...reasoning, encrypted_content: `A${JSON.stringify(reasoning).slice(-60, -10)}` };
    expect(await refuse({ input: [spoiled, ...first.output.slice(1)] })).toMatchObject({
      status: 400,
      code: 'invalid_encrypted_content',
    });
  });

  test('without its content, the reasoning of a response that is not stored is not known', async () => {
    const { output } = await create({ input: 'What is Raft?', store: false });
    const { encrypted_content: _, ...bare } = output[0] as OpenAI.Responses.ResponseReasoningItem;
    expect(await refuse({ input: [bare, ...output.slice(1)] })).toMatchObject({ status: 404 });
  });

  test('a stored response gives it where it is asked for, on the POST and never on a GET', async () => {
    const plain = await create({ input: 'What is Raft?' });
    expect(plain.output[0]).not.toHaveProperty('encrypted_content');
    const asked = await create({ input: 'What is Raft?', include: ['reasoning.encrypted_content'] });
    expect(asked.output[0]).toHaveProperty('encrypted_content');
    expect((await rig.client.responses.retrieve(asked.id)).output[0]).not.toHaveProperty('encrypted_content');
    const background = await run(rig.client, { model: MODEL, input: 'x', include: ['reasoning.encrypted_content'] });
    expect(background.output[0]).not.toHaveProperty('encrypted_content');
  });
});

describe('fields', () => {
  test('ids, status, annotations, logprobs and phase are taken', async () => {
    const { message } = await answered();
    const item = { ...message, id: 'msg_own', phase: 'final_answer' } as unknown as InputItem;
    const input = [
      item,
      { ...CALL, id: 'fc_own', status: 'completed' as const },
      { ...OUTPUT, status: 'completed' as const },
    ];
    expect((await create({ input })).status).toBe('completed');
  });

  test.each<[string, Json[], string]>([
    ['created_by', [{ ...CALL, created_by: 'x' }], 'input[0].created_by'],
    ['the status of a custom output', [{ type: 'custom_tool_call_output', call_id: 'c', output: '', status: 'completed' }], 'input[0].status'],
    ['parsed arguments', [{ ...CALL, parsed_arguments: {} }], 'input[0].parsed_arguments'],
    ['a parsed text', [{ role: 'assistant', content: [{ type: 'output_text', text: '', parsed: {} }] }], 'input[0].content[0].parsed'],
    ['output_text', [{ role: 'assistant', content: '', output_text: '' }], 'input[0].output_text'],
  ])('%s is an unknown parameter', async (_name, input, param) => {
    expect(await refuse({ input })).toMatchObject({ status: 400, code: 'unknown_parameter', param });
  }); // prettier-ignore

  test.each<[string, Json, string]>([
    ['a failed computer output', { type: 'computer_call_output', call_id: 'c', output: { type: 'computer_screenshot' }, status: 'failed' }, 'input[0].status'],
    ['tools that no developer added', { type: 'additional_tools', role: 'user', tools: [] }, 'input[0].role'],
    ['a part that only an assistant says', { role: 'user', content: [{ type: 'output_text', text: '' }] }, 'input[0].content[0].type'],
    ['a part that an assistant never says', { role: 'assistant', content: [{ type: 'input_text', text: '' }] }, 'input[0].content[0].type'],
    ['an unknown item', { type: 'thought' }, 'input[0].type'],
  ])('%s cannot be replayed', async (_name, item, param) => {
    expect(await refuse({ input: [item] })).toMatchObject({ status: 400, code: 'invalid_value', param });
  }); // prettier-ignore

  test('credentials inside of an item are neither stored nor echoed', async () => {
    const tool = {
      type: 'mcp',
      server_label: 's',
      server_url: 'http://127.0.0.1:9/hush',
      authorization: 'hush',
    } as const;
    const input: InputItem[] = [{ type: 'additional_tools', role: 'developer', tools: [tool] }, QUESTION];
    const { id } = await create({ input });
    const { data } = await rig.client.responses.inputItems.list(id);
    expect(data).toMatchObject([{ role: 'user' }, { tools: [{ server_label: 's' }] }]);
    expect(JSON.stringify(data)).not.toContain('hush');
  });

  test('what the SDK makes of an output is always taken', async () => {
    const { response } = await answered();
    const input = toResponseInputItems(response.output.map((item) => ({ ...item, created_by: 'x' })) as never);
    expect((await create({ input: [...input, QUESTION] })).status).toBe('completed');
  });

  test('every kind of item of the SDK is taken', async () => {
    const status = 'completed';
    const call_id = 'call_x';
    const items: Json[] = [
      { role: 'developer', content: 'x' },
      { type: 'message', role: 'user', status, content: [{ type: 'input_file', file_url: 'https://example.com/f.pdf' }] },
      { type: 'message', id: 'm', role: 'assistant', status, content: [{ type: 'refusal', refusal: 'no' }] },
      { type: 'file_search_call', id: 'a', queries: [], status, results: null },
      { type: 'web_search_call', id: 'b', status, action: { type: 'search', query: 'q', queries: ['q'] } },
      { type: 'computer_call', id: 'c', call_id, pending_safety_checks: [], status, action: { type: 'screenshot' } },
      { type: 'computer_call_output', call_id, output: { type: 'computer_screenshot', image_url: 'https://x.invalid' } },
      { type: 'tool_search_call', arguments: {}, execution: 'client', call_id: null },
      { type: 'tool_search_output', tools: [], execution: 'client' },
      { type: 'additional_tools', role: 'developer', tools: [{ type: 'function', name: 'f' }] },
      { type: 'image_generation_call', id: 'd', result: null, status },
      { type: 'code_interpreter_call', id: 'e', code: '1', container_id: 'cntr_1', outputs: [{ type: 'logs', logs: '1' }], status },
      { type: 'local_shell_call', id: 'f', call_id, action: { type: 'exec', command: ['ls'], env: {} }, status },
      { type: 'local_shell_call_output', id: 'g', output: '' },
      { type: 'shell_call', call_id, action: { commands: ['ls'] } },
      { type: 'shell_call_output', call_id, output: [{ stdout: '', stderr: '', outcome: { type: 'exit', exit_code: 0 } }] },
      { type: 'apply_patch_call', call_id, operation: { type: 'delete_file', path: 'x' }, status },
      { type: 'apply_patch_call_output', call_id, status },
      { type: 'mcp_list_tools', id: 'h', server_label: 's', tools: [{ name: 't', input_schema: {} }] },
      { type: 'custom_tool_call', call_id, name: 'f', input: '' },
      { type: 'custom_tool_call_output', call_id, output: [{ type: 'input_text', text: 'x' }] },
      { type: 'program', id: 'i', call_id, code: '', fingerprint: '' },
      { type: 'program_output', id: 'j', call_id, result: '', status },
      { type: 'compaction_trigger' },
    ]; // prettier-ignore
    expect(await api(rig.emulator, 'POST /responses', { model: 'gpt-4.1', input: items })).toMatchObject({
      status: 200,
    });
  });
});
