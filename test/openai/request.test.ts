import { type CreateResponseInput } from '../../contract/activities';
import { buildRequest } from '../../openai/request';

const INPUT: CreateResponseInput = {
  origin: 'o',
  stepId: 'explain',
  turn: 1,
  create: 1,
  model: 'gpt-5.5',
  prompt: [],
  context: [],
  select: 'all',
  deadlineAt: 0,
  timeoutMs: 1,
};
const RENDERED = { prompt: 'Explain Paxos.', context: [] };
const USER = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Explain Paxos.' }] };

const buildWrongFormat = (): unknown => buildRequest({ ...INPUT, format: { type: 'objekt' } }, RENDERED, {});

describe('buildRequest', () => {
  it('sends a stored background response with nothing that was not asked for', () => {
    expect(buildRequest(INPUT, RENDERED, { step: 'explain' })).toEqual({
      model: 'gpt-5.5',
      background: true,
      store: true,
      input: [USER],
      metadata: { step: 'explain' },
    });
  });

  it('puts the context before the prompt', () => {
    const context = [{ type: 'message', role: 'user', content: 'earlier' }];
    expect(buildRequest(INPUT, { ...RENDERED, context }, {}).input).toEqual([...context, USER]);
  });

  it('sends every field of the step', () => {
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const tools = [{ type: 'file_search', vector_store_ids: ['vs_1'] }];
    const input: CreateResponseInput = {
      ...INPUT,
      instructions: 'Be short.',
      tools,
      format: schema,
      reasoning: { effort: 'low' },
      maxOutputTokens: 500,
      conversation: 'conv_1',
      previousResponse: 'resp_0',
    };
    expect(buildRequest(input, RENDERED, {})).toMatchObject({
      instructions: 'Be short.',
      tools,
      text: { format: { type: 'json_schema', name: 'explain', schema, strict: true } },
      reasoning: { effort: 'low' },
      max_output_tokens: 500,
      conversation: 'conv_1',
      previous_response_id: 'resp_0',
    });
  });

  it('keeps to the limits of names and metadata', () => {
    const body = buildRequest({ ...INPUT, stepId: `a.b ${'x'.repeat(80)}`, format: {} }, RENDERED, {
      id: 'y'.repeat(600),
    });
    expect(body['text']).toMatchObject({ format: { name: expect.stringMatching(/^a_b_x{60}$/) as string } });
    expect(body['metadata']).toEqual({ id: 'y'.repeat(512) });
  });

  it('refuses a format that is no JSON schema before anything is paid', () => {
    expect(buildWrongFormat).toThrow(expect.objectContaining({ type: 'InvalidRequest' }));
    expect(buildWrongFormat).toThrow(/"format" is not a usable JSON schema/);
  });

  it('takes a schema of an older draft', () => {
    const format = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' };
    expect(() => buildRequest({ ...INPUT, format }, RENDERED, {})).not.toThrow();
  });
});
