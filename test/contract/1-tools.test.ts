import { execFileSync } from 'node:child_process';
import { toFile, type OpenAI } from 'openai';
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

function callOf<T extends Response['output'][number]['type']>(
  response: Response,
  type: T,
): Extract<Response['output'][number], { type: T }>[] {
  return response.output.filter((item): item is Extract<Response['output'][number], { type: T }> => item.type === type);
}

function citationsOf(response: Response): unknown[] {
  const [message] = callOf(response, 'message');
  return message?.content.flatMap((part) => (part.type === 'output_text' ? part.annotations : [])) ?? [];
}

describe('web_search', () => {
  const tools: Tool[] = [{ type: 'web_search' }];
  const input = 'How does Raft elect a leader?';

  test('searches, and answers with url_citations whose spans are those of the text', async () => {
    const response = await run(rig.client, { input, tools });
    expect(callOf(response, 'web_search_call')).toMatchObject([
      { id: expect.stringMatching(/^ws_/) as string, status: 'completed', action: { type: 'search' } },
    ]);
    const citations = citationsOf(response) as OpenAI.Responses.ResponseOutputText.URLCitation[];
    expect(citations.length).toBeGreaterThan(0);
    for (const { type, start_index: start, end_index: end } of citations) {
      expect(type).toBe('url_citation');
      expect(response.output_text.slice(start, end).trim()).not.toBe('');
    }
  });

  test('a model that reasons opens the page that fits best', async () => {
    const response = await run(rig.client, { model: 'gpt-5', input, tools });
    expect(callOf(response, 'web_search_call').map(({ action }) => action)).toMatchObject([
      { type: 'search' },
      { type: 'open_page', url: 'https://emulator.invalid/corpus/raft' },
    ]);
  });

  test('sources appear only when asked for, at create or at retrieve', async () => {
    const { client } = rig;
    const sources = {
      type: 'search',
      sources: expect.arrayContaining([{ type: 'url', url: expect.any(String) as string }]) as unknown,
    };
    const asked = await run(client, { input, tools, include: ['web_search_call.action.sources'] });
    expect(callOf(asked, 'web_search_call')[0]?.action).toMatchObject(sources);
    const silent = await run(client, { input, tools });
    expect(callOf(silent, 'web_search_call')[0]?.action).not.toHaveProperty('sources');
    const later = await client.responses.retrieve(silent.id, { include: ['web_search_call.action.sources'] });
    expect(callOf(later, 'web_search_call')[0]?.action).toMatchObject(sources);
  });

  test.each([
    [['invalid'], true],
    [['emulator.invalid'], true],
    [['openai.com'], false],
  ])('allowed_domains %j lets the pages through: %s', async (domains, found) => {
    const response = await run(rig.client, {
      input,
      tools: [{ type: 'web_search', filters: { allowed_domains: domains } }],
    });
    expect(citationsOf(response).length > 0).toBe(found);
    expect(response.output_text.startsWith('Nothing was found')).toBe(!found);
  });
});

describe('file_search', () => {
  test('results appear only when asked for, with the attributes of the files', async () => {
    const { client } = rig;
    const { id: store } = await client.vectorStores.create({});
    const file = await client.files.create({
      file: await toFile(Buffer.from('The ferry to Hven carried 2024 cars in spring.'), 'ferry.txt'),
      purpose: 'assistants',
    });
    await client.vectorStores.files.createAndPoll(store, { file_id: file.id, attributes: { season: 'spring' } });
    const tools: Tool[] = [{ type: 'file_search', vector_store_ids: [store] }];
    const response = await run(client, { input: 'How many cars did the ferry carry?', tools });
    expect(callOf(response, 'file_search_call')).toMatchObject([
      { id: expect.stringMatching(/^fs_/) as string, status: 'completed', results: null },
    ]);
    expect(citationsOf(response)).toMatchObject([{ type: 'file_citation', file_id: file.id, filename: 'ferry.txt' }]);
    const shown = await client.responses.retrieve(response.id, { include: ['file_search_call.results'] });
    expect(callOf(shown, 'file_search_call')[0]?.results).toMatchObject([
      {
        file_id: file.id,
        filename: 'ferry.txt',
        attributes: { season: 'spring' },
        score: expect.any(Number) as number,
      },
    ]);
  });
});

describe('code_interpreter', () => {
  const tools: Tool[] = [{ type: 'code_interpreter', container: { type: 'auto' } }];
  const python = hasPython();

  test('runs what the prompt wants computed, and the answer says the result', async () => {
    const response = await run(rig.client, {
      input: 'What is 12 * (3 + 4)?',
      tools,
      include: ['code_interpreter_call.outputs'],
    });
    expect(callOf(response, 'code_interpreter_call')).toEqual([
      {
        id: expect.stringMatching(/^ci_/) as string,
        type: 'code_interpreter_call',
        status: 'completed',
        code: 'print(12 * (3 + 4))',
        container_id: expect.stringMatching(/^cntr_/) as string,
        outputs: [{ type: 'logs', logs: '84' }],
      },
    ]);
    expect(response.output_text).toContain('84');
  });

  test('outputs appear only when asked for, at create or at retrieve', async () => {
    const { client } = rig;
    const response = await run(client, { input: 'What is 2 + 2?', tools });
    expect(callOf(response, 'code_interpreter_call')).toMatchObject([{ outputs: null }]);
    const shown = await client.responses.retrieve(response.id, { include: ['code_interpreter_call.outputs'] });
    expect(callOf(shown, 'code_interpreter_call')).toMatchObject([{ outputs: [{ type: 'logs', logs: '4' }] }]);
  });

  test('uses the container that is named, and goes on in the one of an earlier turn', async () => {
    const { client } = rig;
    const named = await run(client, { input: '1 + 1', tools: [{ type: 'code_interpreter', container: 'cntr_mine' }] });
    expect(callOf(named, 'code_interpreter_call')).toMatchObject([{ container_id: 'cntr_mine' }]);
    const next = await run(client, { previous_response_id: named.id, input: '2 + 2', tools });
    expect(callOf(next, 'code_interpreter_call')).toMatchObject([{ container_id: 'cntr_mine' }]);
  });

  test('is not used where nothing can be computed, and says so where it is forced', async () => {
    const { client } = rig;
    const auto = await run(client, { input: 'Explain Raft.', tools });
    expect(callOf(auto, 'code_interpreter_call')).toEqual([]);
    const forced = await run(client, { input: 'Explain Raft.', tools, tool_choice: { type: 'code_interpreter' } });
    expect(callOf(forced, 'code_interpreter_call')).toMatchObject([
      { code: expect.stringContaining('print(') as string },
    ]);
    expect(forced.output_text).toContain('Nothing to compute was found');
  });

  test('without a container is refused', async () => {
    expect(await refused({ tools: [{ type: 'code_interpreter' } as Tool] })).toMatchObject({
      status: 400,
      param: 'tools[0].container',
      code: 'missing_required_parameter',
    });
  });

  test.each([
    ['Calculate 7/2 and 2^100.', '3.5\n1267650600228229401496703205376'],
    ['What is 17% of 340?', '57.800000000000004'],
    ['What is the average of 3, 4 and 5?', '4.0'],
    ['What is the sum of 1,200 and 300?', '1500'],
    ['Compute -2**2 // 3 % 5', '3'],
    ['How much is 3 × 4 − 5 ÷ 2?', '9.5'],
    ['What is the square root of 144?', '12.0'],
    ['What is the median of 5, 1, 4 and 2?', '3.0'],
    ['What is 1e-7 * 3?', '3e-07'],
    ['What is 1/0?', 'ZeroDivisionError: division by zero'],
    ['What is the total amount?\n\n| item | amount |\n|---|---|\n| pen | 3 |\n| book | $1,250.50 |', '1253.5'],
    ['Average price of these:\nname,price,count\na,2,10\nb,4,20\nc,9,1', '5.0'],
  ])('%j, and Python prints the same where it is installed', async (input, logs) => {
    const response = await run(rig.client, { input, tools, include: ['code_interpreter_call.outputs'] });
    const [call] = callOf(response, 'code_interpreter_call');
    expect(call?.outputs).toEqual([{ type: 'logs', logs }]);
    expect(python ? runPython(call?.code ?? '') : logs).toBe(logs);
  });
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What a program prints, or the last line of its traceback. */
function runPython(code: string): string {
  const guarded = `import sys\ntry:\n exec(sys.argv[1])\nexcept Exception as e:\n print(f'{type(e).__name__}: {e}')`;
  return execFileSync('python3', ['-c', guarded, code], { encoding: 'utf8' }).trim();
}

test('max_tool_calls counts hosted tools together, and further attempts are ignored', async () => {
  const params = {
    input: 'How does Raft differ from Paxos, and what is 3 * 4?',
    tools: [{ type: 'web_search' }, { type: 'code_interpreter', container: { type: 'auto' } }],
  } as Params;
  const all = await run(rig.client, params);
  expect(all.output.map((item) => item.type)).toEqual([
    'code_interpreter_call',
    'web_search_call',
    'web_search_call',
    'message',
  ]);
  // The types of this SDK know it on the response alone.
  const two = await run(rig.client, { ...params, max_tool_calls: 2 } as Params);
  expect(two.output.map((item) => item.type)).toEqual(['code_interpreter_call', 'web_search_call', 'message']);
  expect(two).toMatchObject({ status: 'completed', max_tool_calls: 2 });
});
