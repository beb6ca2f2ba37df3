import type OpenAI from 'openai';
import { run, startRig, type Response, type Rig } from '../emulator/helpers';

type Tool = OpenAI.Responses.Tool;
type Params = Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>;
type Call = OpenAI.Responses.ResponseFunctionToolCall;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0.02, speed: 50 });
});
afterAll(() => rig.stop());

const weather: Tool = {
  type: 'function',
  name: 'get_weather',
  description: 'The weather at a place',
  strict: true,
  parameters: {
    type: 'object',
    properties: {
      location: { type: 'string', description: 'A city' },
      unit: { type: ['string', 'null'], enum: ['celsius', 'fahrenheit', null] },
    },
    required: ['location', 'unit'],
    additionalProperties: false,
  },
};
const stock: Tool = {
  type: 'function',
  name: 'stock_level',
  description: 'How many pieces of an article are left',
  strict: false,
  parameters: {
    type: 'object',
    properties: { sku: { type: 'string', pattern: '^[A-Z]-\\d+$' }, warehouse: { type: 'string' } },
    required: ['sku'],
  },
};

function callsOf(response: Response): Call[] {
  return response.output.filter((item) => item.type === 'function_call');
}

async function refused(params: Params): Promise<unknown> {
  return run(rig.client, { input: 'x', ...params }).then(
    (response) => Promise.reject(new Error(`Response ${response.id} was accepted.`)),
    (error: unknown) => error,
  );
}

describe('function calls', () => {
  test('a function whose words are those of the ask is called with arguments of its schema; the response completes', async () => {
    const response = await run(rig.client, { input: 'What is the weather in Paris?', tools: [weather, stock] });
    expect(response).toMatchObject({ status: 'completed', output_text: '', error: null });
    expect(response.output).toHaveLength(1);
    const [call] = callsOf(response);
    expect(call).toMatchObject({
      type: 'function_call',
      id: expect.stringMatching(/^fc_/) as string,
      call_id: expect.stringMatching(/^call_\w{1,59}$/) as string,
      name: 'get_weather',
      status: 'completed',
    });
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ location: 'Paris', unit: null });
  });

  test('arguments obey enums and patterns, and leave out what is optional and was not asked for', async () => {
    const input = 'The weather in New York in fahrenheit, and how many pieces of A-17 are left?';
    const response = await run(rig.client, { input, tools: [weather, stock] });
    const args = Object.fromEntries(callsOf(response).map((call) => [call.name, JSON.parse(call.arguments) as object]));
    expect(args).toEqual({
      get_weather: { location: 'New York', unit: 'fahrenheit' },
      stock_level: { sku: 'A-17' },
    });
  });

  test('the answer quotes the outputs, and the function is not called again for the same message', async () => {
    const { client } = rig;
    const first = await run(client, { input: 'What is the weather in Paris?', tools: [weather, stock] });
    const [call] = callsOf(first);
    const output = JSON.stringify({ city: 'Paris', temperature: 21, sky: 'clear' });
    const second = await run(client, {
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: call?.call_id ?? '', output }],
      tools: [weather, stock],
    });
    expect(callsOf(second)).toEqual([]);
    expect(second.output_text).toContain('city Paris; temperature 21; sky clear.');
    const third = await run(client, {
      previous_response_id: second.id,
      input: 'And what is the weather in Rome?',
      tools: [weather, stock],
    });
    expect(callsOf(third).map((again) => JSON.parse(again.arguments) as unknown)).toEqual([
      { location: 'Rome', unit: null },
    ]);
  });

  test('a question about something else is answered without a call', async () => {
    const response = await run(rig.client, { input: 'Explain Raft.', tools: [weather, stock] });
    expect(callsOf(response)).toEqual([]);
    expect(response.output_text).toContain('Raft');
  });

  test('parallel_tool_calls: false gives one call a turn, the others in the turns that follow', async () => {
    const { client } = rig;
    const tools = [weather, stock];
    const input = 'The weather in Oslo, and how many pieces of B-2 are left?';
    const first = await run(client, { input, tools, parallel_tool_calls: false });
    expect(first.parallel_tool_calls).toBe(false);
    expect(callsOf(first)).toHaveLength(1);
    const answer = { type: 'function_call_output' as const, call_id: callsOf(first)[0]?.call_id ?? '', output: '7' };
    const second = await run(client, {
      previous_response_id: first.id,
      input: [answer],
      tools,
      parallel_tool_calls: false,
    });
    expect(callsOf(second)).toHaveLength(1);
    expect([...callsOf(first), ...callsOf(second)].map((call) => call.name).toSorted()).toEqual([
      'get_weather',
      'stock_level',
    ]);
  });

  test('a custom tool is called with free text', async () => {
    const tool: Tool = { type: 'custom', name: 'shell_command', description: 'Runs a shell command' };
    const { client } = rig;
    const first = await run(client, { input: 'Run the command ls -l in a shell.', tools: [tool] });
    const [call] = first.output;
    expect(call).toMatchObject({
      type: 'custom_tool_call',
      id: expect.stringMatching(/^ctc_/) as string,
      name: 'shell_command',
      input: expect.stringContaining('ls -l') as string,
    });
    const callId = call?.type === 'custom_tool_call' ? call.call_id : '';
    const output = { type: 'custom_tool_call_output' as const, call_id: callId, output: 'total 4, one file.' };
    const second = await run(client, { previous_response_id: first.id, input: [output], tools: [tool] });
    expect(second.output_text).toContain('total 4, one file.');
  });
});

describe('tool_choice', () => {
  test('none: no tool is used, though one fits', async () => {
    const input = 'What is the weather in Paris?';
    const response = await run(rig.client, { input, tools: [weather, { type: 'web_search' }], tool_choice: 'none' });
    expect(response.output.map((item) => item.type)).toEqual(['message']);
  });

  test.each<[string, Params['tool_choice'], string]>([
    ['required: the first tool is called where none fits', 'required', 'get_weather'],
    ['a named function is called, though none fits', { type: 'function', name: 'stock_level' }, 'stock_level'],
    [
      'allowed_tools: only those may be called',
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'stock_level' }] },
      'stock_level',
    ],
  ])('%s', async (_title, choice, name) => {
    const response = await run(rig.client, { input: 'Explain Raft.', tools: [weather, stock], tool_choice: choice });
    expect(callsOf(response).map((call) => call.name)).toEqual([name]);
    expect(response.tool_choice).toEqual(choice);
  });

  test('a forced function is called again, although its output stands already', async () => {
    const { client } = rig;
    const choice = { type: 'function' as const, name: 'get_weather' };
    const first = await run(client, { input: 'The weather in Rome?', tools: [weather], tool_choice: choice });
    const output = {
      type: 'function_call_output' as const,
      call_id: callsOf(first)[0]?.call_id ?? '',
      output: 'Fair.',
    };
    const again = { previous_response_id: first.id, input: [output], tools: [weather], tool_choice: choice };
    expect(callsOf(await run(client, again))).toHaveLength(1);
  });

  test('allowed_tools with auto answers where none of them fits', async () => {
    const tools: OpenAI.Responses.ToolChoiceAllowed['tools'] = [{ type: 'function', name: 'stock_level' }];
    const response = await run(rig.client, {
      input: 'What is the weather in Paris?',
      tools: [weather, stock],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools },
    });
    expect(callsOf(response)).toEqual([]);
  });

  test.each<[string, Params, string]>([
    [
      'an unknown function',
      { tools: [weather], tool_choice: { type: 'function', name: 'roll' } },
      "Tool choice 'roll' not found in 'tools' parameter.",
    ],
    [
      'a hosted tool that is not there',
      { tools: [weather], tool_choice: { type: 'file_search' } },
      "Tool choice 'file_search' not found in 'tools' parameter.",
    ],
    [
      'an unknown tool among those allowed',
      { tools: [weather], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search' }] } },
      "Tool choice 'web_search' not found in 'tools' parameter.",
    ],
    ['required without tools', { tool_choice: 'required' }, "Tool choice 'required' must be specified with 'tools'"],
  ])('%s is refused', async (_title, params, message) => {
    expect(await refused(params)).toMatchObject({
      status: 400,
      param: 'tool_choice',
      message: expect.stringContaining(message) as string,
    });
  });
});

test.each<[string, Record<string, unknown>, string]>([
  [
    'without additionalProperties',
    { type: 'object', properties: {}, required: [] },
    "In context=(), 'additionalProperties' is required to be supplied and to be false.",
  ],
  [
    'with an optional parameter',
    { type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false },
    "Missing 'a'.",
  ],
  ['that is no object', { type: 'string' }, `schema must be a JSON Schema of 'type: "object"', got 'type: "string"'.`],
])('a strict function schema %s is refused', async (_title, parameters, message) => {
  expect(await refused({ tools: [{ type: 'function', name: 'f', strict: true, parameters }] })).toMatchObject({
    status: 400,
    param: 'tools[0].parameters',
    code: 'invalid_function_parameters',
    message: expect.stringContaining(`Invalid schema for function 'f': `) as string,
  });
  expect(await refused({ tools: [{ type: 'function', name: 'f', strict: true, parameters }] })).toMatchObject({
    message: expect.stringContaining(message) as string,
  });
});
