import * as fc from 'fast-check';
import { collectedSchema } from '../../contract/outcome';
import { collect } from '../../openai/collect';
import { outputText } from '../../openai/text';
import { type Item, type ProviderResponse } from '../../openai/port';

type Annotation = Record<string, unknown>;
const part = (text: string, annotations: Annotation[] = []): Annotation => ({ type: 'output_text', text, annotations });
const message = (...content: Annotation[]): Item => ({ type: 'message', role: 'assistant', id: 'msg_1', content });
const response = (output: Item[], fields: Partial<ProviderResponse> = {}): ProviderResponse => ({
  id: 'resp_1',
  status: 'completed',
  model: 'gpt-5.5-2026-04-01',
  output,
  ...fields,
});
const run = (
  output: Item[],
  fields: Partial<ProviderResponse> = {},
  options: { format?: Record<string, unknown> } = {},
): ReturnType<typeof collect> => {
  const collected = collect(response(output, fields), { stepId: 'explain', ...options });
  expect(collectedSchema.parse(collected)).toEqual(collected);
  return collected;
};

describe('text', () => {
  it('gives a preview and the bytes of the whole text', () => {
    const text = `Raft.\n\n${'ö'.repeat(300)}`;
    const collected = run([message(part(text))]);
    expect(collected).toMatchObject({
      responseId: 'resp_1',
      status: 'completed',
      model: 'gpt-5.5-2026-04-01',
      textBytes: 607,
    });
    expect(collected.failure).toBeUndefined();
    expect(collected.preview).toHaveLength(200);
    expect(collected.preview).toMatch(/^Raft\. ö+$/);
  });

  it('never cuts a character in half', () => {
    const { preview } = run([message(part(`${'x'.repeat(199)}😀`))]);
    expect(preview).toBe('x'.repeat(199));
  });
});

describe('an output that cannot be used', () => {
  it.each([
    ['no items', []],
    ['reasoning alone', [{ type: 'reasoning', id: 'rs_1' }]],
    ['a message without text', [message(part('  \n'))]],
  ])('%s is a failure, not an empty answer', (_, output: Item[]) => {
    const { failure } = run(output);
    expect(failure).toEqual({ type: 'ResponseFailed', message: 'response resp_1 completed with empty output' });
  });

  it('a refusal is refused content', () => {
    const { failure } = run([message({ type: 'refusal', refusal: 'I cannot help.' })]);
    expect(failure?.type).toBe('ContentRefused');
    expect(failure?.message).toContain('I cannot help.');
  });

  it('keeps what an incomplete response said, and says why it ended', () => {
    const collected = run([message(part('Half an'))], {
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
    expect(collected).toMatchObject({
      status: 'incomplete',
      preview: 'Half an',
      failure: { type: 'ResponseIncomplete' },
    });
  });

  it('maps failed and cancelled', () => {
    expect(run([], { status: 'failed', error: { code: 'server_error', message: 'x' } }).failure?.type).toBe(
      'ResponseFailed',
    );
    expect(run([], { status: 'cancelled' }).failure?.type).toBe('ResponseCancelled');
  });

  it('is not asked of a response that has not ended', () => {
    expect(() => run([], { status: 'in_progress' })).toThrow(/resp_1 has not ended.*in_progress/);
  });
});

describe('format', () => {
  const format = {
    type: 'object',
    properties: {
      leaders: {
        type: 'array',
        items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      },
    },
    required: ['leaders'],
    additionalProperties: false,
  };

  it('parses what matches, the last message where there are more', () => {
    const json = { leaders: [{ name: 'n1' }] };
    expect(run([message(part(JSON.stringify(json)))], {}, { format }).json).toEqual(json);
    expect(run([message(part('Here it is:')), message(part(JSON.stringify(json)))], {}, { format }).json).toEqual(json);
  });

  it.each([
    ['no JSON', '{"leaders": [', 'not JSON'],
    ['another shape', '{"leaders":[{"name":1}]}', 'leaders.0.name must be string'],
    ['a field too many', '{"leaders":[],"x":1}', 'must NOT have additional properties'],
    ['another value', '7', 'the whole value must be object'],
  ])('%s is a failed response that names the place', (_, text, message_) => {
    const collected = run([message(part(text))], {}, { format });
    expect(collected.failure?.type).toBe('ResponseFailed');
    expect(collected.failure?.message).toContain(message_);
    expect(collected.json).toBeUndefined();
    expect(collected.textBytes).toBe(Buffer.byteLength(text));
  });

  it('leaves JSON over 64 KB to the store, and the step still completes', () => {
    const json = { leaders: [{ name: 'x'.repeat(70_000) }] };
    const collected = run([message(part(JSON.stringify(json)))], {}, { format });
    expect(collected.failure).toBeUndefined();
    expect(collected.json).toBeUndefined();
  });

  it('accepts null where the schema does', () => {
    const collected = run([message(part('null'))], {}, { format: { type: 'null' } });
    expect(collected).toMatchObject({ json: null });
    expect(collected.failure).toBeUndefined();
  });
});

describe('usage and calls', () => {
  const output = [message(part('x'))];

  it('maps tokens, with 0 for what older servers leave out', () => {
    const usage = {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 40 },
      output_tokens: 50,
      output_tokens_details: { reasoning_tokens: 20 },
    };
    expect(run(output, { usage }).usage).toEqual({ input: 100, cached: 40, cacheWrite: 0, output: 50, reasoning: 20 });
    expect(run(output, { usage: null }).usage).toBeUndefined();
  });

  it('counts searches but not page opens, and trusts the number of the provider first', () => {
    const searches = ['search', 'open_page', 'search', 'find_in_page'].map((type) => ({
      type: 'web_search_call',
      action: { type },
    }));
    const calls = [...searches, { type: 'web_search_call' }, { type: 'file_search_call' }, ...output];
    expect(run(calls).hostedCalls).toEqual({ web_search: 3, file_search: 1 });
    const told = run(calls, { tool_usage: { web_search: { num_requests: 7 } } });
    expect(told.hostedCalls).toEqual({ web_search: 7, file_search: 1 });
  });

  it('counts containers, not the calls in them', () => {
    const calls = ['a', 'a', 'b'].map((container_id) => ({ type: 'code_interpreter_call', container_id }));
    expect(run([...calls, { type: 'mcp_call' }, ...output]).hostedCalls).toEqual({ code_interpreter: 2 });
  });
});

const url = (to: string, end_index: unknown, title = 'T'): Annotation => ({
  type: 'url_citation',
  url: to,
  title,
  start_index: 0,
  end_index,
});
const file = (file_id: string, index: unknown): Annotation => ({
  type: 'file_citation',
  file_id,
  filename: `${file_id}.md`,
  index,
});

describe('citations', () => {
  it('numbers sources, not places, and moves offsets to the joined text', () => {
    const output = [
      message(part('One.', [url('https://a', 4), file('f1', 3)]), part(' Two.', [url('https://b', 5)])),
      message(part('')),
      message(part('Three.', [url('https://a', 6)])),
    ];
    expect(outputText(output)).toBe('One. Two.\n\nThree.');
    expect(run(output).citations).toEqual([
      { number: 1, stepId: 'explain', fileId: 'f1', title: 'f1.md', at: 3 },
      { number: 2, stepId: 'explain', url: 'https://a', title: 'T', at: 4 },
      { number: 3, stepId: 'explain', url: 'https://b', title: 'T', at: 9 },
      { number: 2, stepId: 'explain', url: 'https://a', title: 'T', at: 17 },
    ]);
  });

  it('clamps offsets that point nowhere', () => {
    const { citations } = run([
      message(part('abc', [url('https://a', 99), url('https://b', -5), file('f', 'x'), file('g', 1.7)])),
    ]);
    expect(citations.map(({ at }) => at)).toEqual([0, 1, 3, 3]);
  });

  it('puts every mark into the text and between characters, whatever the offsets', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 });
    const place = fc.oneof(fc.integer({ min: -5, max: 50 }), fc.double(), fc.constant(null));
    const parts = fc.array(fc.tuple(text, fc.array(place, { maxLength: 3 })), { minLength: 1, maxLength: 4 });
    const property = fc.property(fc.array(parts, { minLength: 1, maxLength: 3 }), (messages) => {
      const output = messages.map((of) =>
        message(
          ...of.map(([t, places]) =>
            part(
              t,
              places.map((at, i) => url(`https://${i}`, at)),
            ),
          ),
        ),
      );
      const whole = outputText(output);
      for (const { at } of run(output).citations) {
        expect(at).toBeLessThanOrEqual(whole.length);
        // Half a character would come back as another one.
        expect(Buffer.from(whole.slice(0, at)).toString()).toBe(whole.slice(0, at));
      }
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('bounds how many and how long, and passes over what it does not know', () => {
    const many = Array.from({ length: 150 }, (_, i) => url(`https://x/${i}`, 1, 't'.repeat(500)));
    const { citations } = run([message(part('x', [{ type: 'file_path', file_id: 'f' }, { type: 'new' }, ...many]))]);
    expect(citations).toHaveLength(100);
    expect(citations[0]?.title).toHaveLength(200);
  });

  it('cites files of a container', () => {
    const { citations } = run([
      message(part('xy', [{ type: 'container_file_citation', file_id: 'cf', filename: 'plot.png', end_index: 1 }])),
    ]);
    expect(citations).toEqual([{ number: 1, stepId: 'explain', fileId: 'cf', title: 'plot.png', at: 1 }]);
  });
});

test('a call whose id is not one is a response that failed, and nothing of it is called', () => {
  const called = { type: 'function_call', name: 'pay', arguments: '{}' };
  const collected = (id: string): ReturnType<typeof collect> => {
    const output = ['call_1', id].map((callId) => ({ ...called, call_id: callId }));
    return collect(response(output), { stepId: 'pay', calls: true });
  };
  expect(collected('call_2')).toMatchObject({ calls: [{ callId: 'call_1' }, { callId: 'call_2' }] });
  expect(collected('call_2').failure).toBeUndefined();
  expect(collected('a\nb')).toMatchObject({
    calls: [],
    failure: { type: 'ResponseFailed', message: expect.stringMatching(/a call whose id is not one/) as string },
  });
});
