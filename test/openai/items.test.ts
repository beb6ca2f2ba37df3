import { toContextItems } from '../../openai/items';
import { type Item } from '../../openai/port';
import { outputText, refusalOf } from '../../openai/text';

const message = (text: string, fields: Record<string, unknown> = {}): Item => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [], logprobs: [], parsed: { a: 1 } }],
  ...fields,
});

/** What a researching model's output looks like on the wire, with what SDKs and servers add to it. */
const OUTPUT: Item[] = [
  { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: null },
  {
    id: 'ws_1',
    type: 'web_search_call',
    status: 'completed',
    action: { type: 'search', query: 'raft' },
    created_by: 'x',
  },
  { id: 'fs_1', type: 'file_search_call', status: 'completed', queries: ['raft'], results: null },
  { id: 'ci_1', type: 'code_interpreter_call', status: 'completed', code: '1', container_id: 'c', outputs: null },
  { id: 'mcpl_1', type: 'mcp_list_tools', server_label: 's', tools: [] },
  { id: 'mcp_1', type: 'mcp_call', server_label: 's', name: 'n', arguments: '{}', output: 'o' },
  {
    id: 'fc_1',
    type: 'function_call',
    call_id: 'call_1',
    name: 'f',
    arguments: '{}',
    status: 'completed',
    parsed_arguments: {},
  },
  { id: 'fco_1', type: 'function_call_output', call_id: 'call_1', output: '42', status: 'completed', created_by: 'x' },
  { id: 'fc_2', type: 'function_call', call_id: 'call_2', name: 'f', arguments: '{}', status: 'completed' },
  { id: 'ctc_1', type: 'custom_tool_call', call_id: 'call_3', name: 'g', input: 'x' },
  { id: 'ctco_1', type: 'custom_tool_call_output', call_id: 'call_3', output: 'y', status: 'completed' },
  { id: 'ctco_2', type: 'custom_tool_call_output', call_id: 'call_9', output: 'y', status: 'completed' },
  { id: 'x_1', type: 'type_of_next_year', payload: 1 },
  message('I will look.', { phase: 'commentary' }),
  message('Raft elects a leader.', { phase: 'final_answer', output_text: 'Raft elects a leader.', created_by: 'x' }),
];
const TURN = { prompt: 'Explain Raft.', output: OUTPUT };
const PROMPT = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Explain Raft.' }] };

describe('toContextItems', () => {
  it('sends the prompt, then what can be sent again, without ids and refused fields', () => {
    expect(toContextItems(TURN, 'all')).toEqual([
      PROMPT,
      { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: '42' },
      { type: 'custom_tool_call', call_id: 'call_3', name: 'g', input: 'x' },
      { type: 'custom_tool_call_output', call_id: 'call_3', output: 'y' },
      {
        type: 'message',
        role: 'assistant',
        phase: 'commentary',
        content: [{ type: 'output_text', text: 'I will look.', annotations: [] }],
      },
      {
        type: 'message',
        role: 'assistant',
        phase: 'final_answer',
        content: [{ type: 'output_text', text: 'Raft elects a leader.', annotations: [] }],
      },
    ]);
  });

  it('carries no id, no reasoning and no stray field at any depth', () => {
    const sent = JSON.stringify(toContextItems(TURN, 'all'));
    for (const name of [
      '"id"',
      'reasoning',
      'created_by',
      'parsed',
      'output_text"":',
      'encrypted_content',
      'logprobs',
    ]) {
      expect(sent).not.toContain(name);
    }
  });

  it('keeps annotations, refusals and a content that is plain text', () => {
    const annotations = [{ type: 'url_citation', url: 'https://a', title: 'A', start_index: 0, end_index: 1 }];
    const output: Item[] = [
      message('', {
        content: [
          { type: 'output_text', text: 'a', annotations },
          { type: 'refusal', refusal: 'no' },
        ],
      }),
      message('', { content: 'plain' }),
      message('', { content: [] }),
    ];
    expect(toContextItems({ prompt: 'p', output }, 'all').slice(1)).toEqual([
      {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'a', annotations },
          { type: 'refusal', refusal: 'no' },
        ],
      },
      { type: 'message', role: 'assistant', content: 'plain' },
    ]);
  });

  it('sends messages only, where only messages are selected', () => {
    const items = toContextItems(TURN, 'messages');
    expect(items.map(({ type }) => type)).toEqual(['message', 'message', 'message']);
    expect(items[0]).toEqual(PROMPT);
  });

  it('sends the answer alone, where only the text is selected', () => {
    expect(toContextItems(TURN, 'text')).toEqual([
      { type: 'message', role: 'assistant', content: 'Raft elects a leader.' },
    ]);
    expect(toContextItems({ prompt: 'p', output: [] }, 'text')).toEqual([]);
  });

  it('leaves the output it was given as it was', () => {
    const before = structuredClone(OUTPUT);
    toContextItems(TURN, 'all');
    expect(OUTPUT).toEqual(before);
  });
});

describe('outputText', () => {
  it('joins parts without a gap and messages by a blank line', () => {
    const output = [
      message('', {
        content: [
          { type: 'output_text', text: 'a' },
          { type: 'output_text', text: 'b' },
        ],
      }),
      message(''),
      message('c'),
    ];
    expect(outputText(output)).toBe('ab\n\nc');
  });

  it('leaves commentary out, unless there is nothing else', () => {
    expect(outputText(OUTPUT)).toBe('Raft elects a leader.');
    expect(outputText([message('still looking', { phase: 'commentary' })])).toBe('still looking');
    expect(outputText([])).toBe('');
  });
});

describe('refusalOf', () => {
  it('finds a refusal', () => {
    expect(refusalOf([message('', { content: [{ type: 'refusal', refusal: 'I cannot.' }] })])).toBe('I cannot.');
    expect(refusalOf(OUTPUT)).toBeUndefined();
  });
});
