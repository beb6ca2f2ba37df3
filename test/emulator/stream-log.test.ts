import http from 'node:http';
import { ResponseStream } from 'openai/lib/responses/ResponseStream';
import { resolveOptions } from '../../emulator/options';
import type { Item, ResponseRecord } from '../../emulator/responses/record';
import { parseCreateBody } from '../../emulator/responses/request';
import { deltasOf } from '../../emulator/responses/stream/deltas';
import { eventLog, type LogOptions } from '../../emulator/responses/stream/log';
import { put, Store } from '../../emulator/state';
import { startRig } from './helpers';
import { eventsOf, idOf, readRaw, streamOf } from './streams';

const OPTIONS: LogOptions = {
  errorEvent: 'nested',
  obfuscation: false,
  include: ['file_search_call.results', 'code_interpreter_call.outputs'],
};
const RECORD: ResponseRecord = {
  id: 'resp_1',
  request: parseCreateBody(
    { model: 'm', input: 'x', background: true, stream: true },
    resolveOptions({ dataDir: 'x' }),
  ),
  conversationId: null,
  createdAt: 0,
  startsAt: 1000,
  endsAt: 11_000,
  ending: { status: 'completed' },
  usage: {
    input_tokens: 1,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: 1,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 2,
  },
};

const ITEMS: [Item, string[]][] = [
  [
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'One.' }] },
    [
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
    ],
  ],
  [{ type: 'reasoning', id: 'rs_2', summary: [] }, []],
  [
    { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
    ['web_search_call.in_progress', 'web_search_call.searching', 'web_search_call.completed'],
  ],
  [
    { type: 'web_search_call', id: 'ws_2', status: 'failed', action: { type: 'search', query: 'q' } },
    ['web_search_call.in_progress', 'web_search_call.searching'],
  ],
  [
    { type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['q'], results: [{ file_id: 'file-1' }] },
    ['file_search_call.in_progress', 'file_search_call.searching', 'file_search_call.completed'],
  ],
  [
    { type: 'function_call', id: 'fc_1', status: 'completed', call_id: 'call_1', name: 'f', arguments: '{"a": 1}' },
    ['function_call_arguments.delta', 'function_call_arguments.delta', 'function_call_arguments.done'],
  ],
  [
    { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_2', name: 'f', input: 'go' },
    ['custom_tool_call_input.delta', 'custom_tool_call_input.done'],
  ],
  [
    {
      type: 'code_interpreter_call',
      id: 'ci_1',
      status: 'completed',
      container_id: 'cntr_1',
      code: '1+1',
      outputs: [{ type: 'logs', logs: '2' }],
    },
    [
      'code_interpreter_call.in_progress',
      'code_interpreter_call_code.delta',
      'code_interpreter_call_code.done',
      'code_interpreter_call.interpreting',
      'code_interpreter_call.completed',
    ],
  ],
  [
    { type: 'mcp_list_tools', id: 'mcpl_1', server_label: 's', tools: [{ name: 't', input_schema: {} }] },
    ['mcp_list_tools.in_progress', 'mcp_list_tools.completed'],
  ],
  [
    { type: 'mcp_list_tools', id: 'mcpl_2', server_label: 's', tools: [], error: 'gone' },
    ['mcp_list_tools.in_progress', 'mcp_list_tools.failed'],
  ],
  [
    { type: 'mcp_call', id: 'mcp_1', status: 'completed', server_label: 's', name: 't', arguments: '{}', output: '2' },
    ['mcp_call.in_progress', 'mcp_call_arguments.delta', 'mcp_call_arguments.done', 'mcp_call.completed'],
  ],
  [
    { type: 'mcp_call', id: 'mcp_2', status: 'failed', server_label: 's', name: 't', arguments: '{}', error: 'no' },
    ['mcp_call.in_progress', 'mcp_call_arguments.delta', 'mcp_call_arguments.done', 'mcp_call.failed'],
  ],
  [{ type: 'mcp_approval_request', id: 'mcpr_1', server_label: 's', name: 't', arguments: '{}' }, []],
  [
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'refusal', refusal: 'No.' }],
    },
    ['content_part.added', 'refusal.delta', 'refusal.done', 'content_part.done'],
  ],
];

describe('items', () => {
  test.each(ITEMS)('%j is added, grows and is done', (item, expected) => {
    const events = eventLog(RECORD, [item], OPTIONS).slice(3, -1);
    expect(events.map(({ data }) => data.type.replace('response.', ''))).toEqual([
      'output_item.added',
      ...expected,
      'output_item.done',
    ]);
    expect(events.at(-1)?.data['item']).toEqual(item);
    for (const { data } of events.slice(1, -1)) expect(data).toMatchObject({ item_id: item.id, output_index: 0 });
  });

  test("the SDK's helper takes the events of them all, and makes the same items of them", async () => {
    const items = ITEMS.map(([item]) => item);
    const events = eventLog(RECORD, items, OPTIONS).slice(0, -1);
    const lines = events.map(({ data }) => `${JSON.stringify(data)}\n`).join('');
    const { output } = await ResponseStream.fromReadableStream(new Blob([lines]).stream()).finalResponse();
    expect(output).toMatchObject(items);
  });
});

function types(record: ResponseRecord): string[] {
  return eventLog(record, [ITEMS[0]![0]], OPTIONS).map(({ data }) => data.type);
}

describe('instants', () => {
  const log = eventLog(RECORD, [ITEMS[0]![0], ITEMS[5]![0]], OPTIONS);

  test('events are spread over the run, in order, and the end comes at its end', () => {
    const instants = log.map(({ at }) => at);
    expect(instants).toEqual(instants.toSorted((a, b) => a - b));
    expect([instants.slice(0, 3), instants.at(-1)]).toEqual([[0, 0, 1000], 11_000]);
    const middle = instants.slice(3, -1);
    const gaps = middle.map((at, index) => at - (instants[index + 2] ?? 0));
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  });

  test('a cancel keeps what was emitted until then, at any instant', () => {
    for (let cancelledAt = 0; cancelledAt < 11_000; cancelledAt += 500) {
      const cut = eventLog({ ...RECORD, cancelledAt }, [ITEMS[0]![0], ITEMS[5]![0]], OPTIONS);
      expect(cut.slice(0, -1)).toEqual(log.filter(({ at }) => at <= cancelledAt));
      expect(cut.at(-1)).toMatchObject({
        at: cancelledAt,
        data: { type: 'response.failed', sequence_number: cut.length - 1, response: { status: 'cancelled' } },
      });
    }
  });

  test('a response that never ends has no terminal event, until it is cancelled', () => {
    const opening = ['response.created', 'response.queued', 'response.in_progress'];
    expect(types({ ...RECORD, endsAt: null })).toEqual(opening);
    expect(types({ ...RECORD, endsAt: null, cancelledAt: 9000 })).toEqual([...opening, 'response.failed']);
  });
});

test('a text is cut into its tokens, a long one into a thousand pieces, and no character is broken', () => {
  expect(deltasOf('')).toEqual([]);
  expect(deltasOf('Hello, you.')).toEqual(['Hell', 'o, y', 'ou.']);
  const faces = '🙂a'.repeat(3_000_000);
  const deltas = deltasOf(faces);
  expect(deltas.length).toBeLessThanOrEqual(1000);
  expect(deltas.join('') === faces).toBe(true);
  expect(deltas.some((delta) => /[\uD800-\uDBFF]$|^[\uDC00-\uDFFF]/.test(delta))).toBe(false);
});

test('an output of 10 MB reaches a slow reader whole, and others are served meanwhile', async () => {
  const rig = await startRig({ seconds: 0 });
  const text = 'A long story. '.repeat(750_000);
  const id = idOf(await streamOf(rig, { input: 'What is Raft?' }));
  const small = idOf(await streamOf(rig, { input: 'What is Paxos?' }));
  await rig.emulator.close();
  await replaceText(rig.dataDir, id, text);
  const again = await startRig({ dataDir: rig.dataDir });
  try {
    const slow = await get(`${again.emulator.url}/responses/${id}?stream=true`);
    const chunks: Buffer[] = [];
    const others: number[] = [];
    for await (const chunk of slow) {
      chunks.push(chunk as Buffer);
      // A reader that does something else between its reads.
      if (chunks.length <= 20) others.push((await readRaw(again, `/responses/${small}`)).status);
    }
    expect(others).toEqual(Array<number>(20).fill(200));
    const events = eventsOf(Buffer.concat(chunks).toString());
    const deltas = events.flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? [delta] : []));
    expect(deltas.join('') === text).toBe(true);
    expect(events.at(-1)?.response?.status).toBe('completed');
  } finally {
    await again.stop();
  }
});

/** Puts another text into the message of a stored response: the emulator itself answers with no more than pages. */
async function replaceText(dataDir: string, id: string, text: string): Promise<void> {
  const store = await Store.open(dataDir);
  const [message] = (await store.tables.outputs.get(id)) ?? [];
  if (message === undefined) throw new Error(`The response ${id} has no output.`);
  const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }];
  await store.write([put(store.tables.outputs, id, [{ ...message, content }])]);
  await store.close();
}

function get(url: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get(url, { headers: { authorization: 'Bearer test' } }, resolve).once('error', reject);
  });
}
