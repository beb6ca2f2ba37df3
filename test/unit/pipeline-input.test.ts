import { InvalidInputError } from '../../contract/issues';
import { planPipeline } from '../../contract/pipeline';

const step = (id: string, more: object = {}): object => ({ id, prompt: `Say ${id}.`, ...more });

function problem(input: unknown): string {
  try {
    planPipeline(input);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.message;
    throw error;
  }
  throw new Error(`expected this input to be refused: ${JSON.stringify(input)}`);
}

describe('a wrong pipeline names the path, what was expected and what came', () => {
  test.each<[name: string, input: unknown, message: RegExp]>([
    ['no object', 'explain', /input: expected object, got "explain"/],
    ['nothing', undefined, /input: expected object, got nothing/],
    ['no steps', { steps: [] }, /steps: too small.*got a list of 0/],
    ['unknown field', { steps: [step('a')], parallel: 3 }, /parallel: unknown field/],
    ['misspelt step field', { steps: [step('a', { promt: 'x' })] }, /steps\[0\]\.promt: unknown field/],
    [
      'empty prompt',
      { steps: [{ id: 'a', prompt: '  ' }] },
      /steps\[0\]\.prompt: expected a prompt that is not empty, got " {2}"/,
    ],
    ['bad id', { steps: [step('a b')] }, /steps\[0\]\.id: expected 1-64 letters.*got "a b"/],
    ['duplicate id', { steps: [step('a'), step('a')] }, /steps\[1\]\.id: "a" is already the id of steps\[0\]/],
    [
      'unknown context id',
      { steps: [step('a'), step('b', { context: { strategy: 'stateless', from: ['x'] } })] },
      /steps\[1\]\.context\.from\[0\]: expected the id of a step, got "x"/,
    ],
    [
      'unknown after',
      { steps: [step('a', { after: ['x'] })] },
      /steps\[0\]\.after\[0\]: expected the id of a step, got "x"/,
    ],
    ['itself', { steps: [step('a', { after: ['a'] })] }, /steps\[0\]\.after\[0\]: step "a" names itself/],
    [
      'a cycle',
      { steps: [step('a', { after: ['b'] }), step('b', { after: ['a'] })] },
      /steps: these steps wait for each other: a \(needs b\); b \(needs a\)/,
    ],
    [
      'unknown strategy',
      { steps: [step('a', { context: { strategy: 'memory' } })] },
      /steps\[0\]\.context\.strategy: .*stateless.*conversation.*previous_response.*got "memory"/,
    ],
    [
      'two parents of a chain',
      {
        steps: [
          step('a'),
          step('b', { after: [] }),
          step('c', { context: { strategy: 'previous_response', from: ['a', 'b'] } }),
        ],
      },
      /steps\[2\]\.context\.from: expected one step/,
    ],
    [
      'parallel steps in one conversation',
      {
        steps: [
          step('a', { context: { strategy: 'conversation' } }),
          step('b', { after: [], context: { strategy: 'conversation' } }),
        ],
      },
      /steps\[1\]\.context: "b" and "a" share a conversation and could run at once/,
    ],
    [
      'conversation id without its strategy',
      { steps: [step('a', { context: { strategy: 'stateless', conversation: 'conv_1' } })] },
      /steps\[0\]\.context\.conversation: expected strategy "conversation"/,
    ],
    [
      'unknown template',
      { steps: [step('a', { prompt: 'See {{secrets.key}}' })] },
      /steps\[0\]\.prompt: unknown template \{\{secrets\.key\}\}/,
    ],
    [
      'template of an unknown step',
      { steps: [step('a', { prompt: '{{steps.x.text}}' })] },
      /steps\[0\]\.prompt: .*names a step that does not exist/,
    ],
    [
      'template of a missing input',
      { steps: [step('a', { prompt: '{{input.topic}}' })], input: {} },
      /steps\[0\]\.prompt: \{\{input\.topic\}\} names a value/,
    ],
    [
      'JSON of a step without format',
      { steps: [step('a'), step('b', { prompt: '{{steps.a.json.x}}' })] },
      /steps\[1\]\.prompt: .*needs a step with a "format"/,
    ],
    [
      'templates in instructions',
      { steps: [step('a', { instructions: 'Use {{input.x}}' })] },
      /steps\[0\]\.instructions: templates may stand in "prompt" only/,
    ],
    [
      'a tool whose name is none',
      { steps: [step('a', { tools: ['query sql'] })] },
      /steps\[0\]\.tools\[0\]: expected the name of a tool, .*got "query sql"/,
    ],
    [
      'the same tool twice',
      { steps: [step('a', { tools: ['query_sql', 'query_sql'] })] },
      /steps\[0\]\.tools: expected each tool of your own, and each server_label, once, got a list of 2/,
    ],
    [
      'unknown hosted tool',
      { steps: [step('a', { tools: [{ type: 'telepathy' }] })] },
      /steps\[0\]\.tools\[0\]\.type: expected a hosted tool: web_search, file_search, code_interpreter, mcp, got "telepathy"/,
    ],
    [
      'MCP without a label',
      { steps: [step('a', { tools: [{ type: 'mcp' }] })] },
      /steps\[0\]\.tools\[0\]\.server_label: expected the label of a server/,
    ],
    [
      'the same label twice',
      {
        steps: [
          step('a', {
            tools: ['x', 'y'].map((name) => ({ type: 'mcp', server_label: 'l', server_url: `https://${name}` })),
          }),
        ],
      },
      /steps\[0\]\.tools: expected each tool of your own, and each server_label, once/,
    ],
    [
      'a server of a wrong name',
      { steps: [step('a', { tools: ['mcp:my__notes'] })] },
      /steps\[0\]\.tools\[0\]: expected the name of a tool, .* or "mcp:<server>"/,
    ],
    [
      'bad deadline',
      { steps: [step('a', { deadline: 'soon' })] },
      /steps\[0\]\.deadline: expected a duration such as .*got "soon"/,
    ],
    ['too few tokens', { steps: [step('a', { maxOutputTokens: 3 })] }, /steps\[0\]\.maxOutputTokens: .*16.*got 3/],
    ['a budget of nothing', { steps: [step('a')], budget: {} }, /budget: expected "usd", "tokens" or both/],
    ['a budget of no money', { steps: [step('a')], budget: { usd: 0 } }, /budget\.usd: .*>0, got 0/],
    [
      'what is kept back of a budget, and all of it',
      { steps: [step('a')], budget: { usd: 1, reserve: { usd: 1 } } },
      /budget\.reserve\.usd: expected less than the budget's own "usd", got 1/,
    ],
    [
      'tokens kept back of money',
      { steps: [step('a')], budget: { usd: 1, reserve: { tokens: 1 } } },
      /budget\.reserve\.tokens: expected less than the budget's own "tokens", got 1/,
    ],
    [
      'another word for it',
      { steps: [step('a')], budget: { usd: 1, reserve: 'last' } },
      /budget\.reserve: expected "final", or "usd", "tokens" or both, got "last"/,
    ],
    [
      'an unknown policy for lost creates',
      { steps: [step('a')], onAmbiguousCreate: 'hope' },
      /onAmbiguousCreate: .*"retry".*got "hope"/,
    ],
    ['an unknown way to wait', { steps: [step('a', { wait: 'nap' })] }, /steps\[0\]\.wait: .*"webhook".*got "nap"/],
  ])('%s', (_name, input, message) => {
    expect(problem(input)).toMatch(message);
  });
});

describe('credentials in the input are refused and never echoed', () => {
  const secret = 'sk-proj-abcdefghijklmnopqrstuvwx';
  test.each<[string, object]>([
    [
      'an authorization in a tool',
      { tools: [{ type: 'mcp', server_label: 'x', require_approval: 'never', authorization: secret }] },
    ],
    [
      'headers in a tool',
      { tools: [{ type: 'mcp', server_label: 'x', require_approval: 'never', headers: { 'X-Key': secret } }] },
    ],
    ['a key in a prompt', { prompt: `Use ${secret}` }],
    ['credentials in a URL', { prompt: `Read https://bob:${secret}@example.com/x` }],
    [
      'a token in a server URL',
      {
        tools: [
          {
            type: 'mcp',
            server_label: 'x',
            require_approval: 'never',
            server_url: `https://example.com/?token=${secret}`,
          },
        ],
      },
    ],
  ])('%s', (_name, more) => {
    const message = problem({ steps: [step('a', more)] });
    expect(message).toMatch(/steps\[0\]\..*: holds .*set credentials at the worker/);
    expect(message).not.toContain(secret);
  });

  test('a JSON schema may have a field named token', () => {
    const format = {
      type: 'object',
      properties: { token: { type: 'string' } },
      required: ['token'],
      additionalProperties: false,
    };
    expect(planPipeline({ steps: [step('a', { format })] }).steps).toHaveLength(1);
  });
});

const needs = (steps: object[]): Record<string, string[]> =>
  Object.fromEntries(planPipeline({ steps, input: { topic: 'Raft' } }).steps.map(({ id, needs: ids }) => [id, ids]));

describe('edges of the graph', () => {
  test('a step follows the one before it, unless it says otherwise', () => {
    expect(needs([step('a'), step('b'), step('c', { after: [] })])).toEqual({ a: [], b: ['a'], c: [] });
  });

  test('after, from and templates add up', () => {
    const steps = [
      step('a'),
      step('b', { after: [] }),
      step('c', { after: [] }),
      step('d', {
        after: ['a'],
        context: { strategy: 'stateless', from: ['b'] },
        prompt: 'On {{input.topic}}: {{steps.c.text}}',
      }),
    ];
    expect(needs(steps)).toEqual({ a: [], b: [], c: [], d: ['a', 'b', 'c'] });
  });

  test('a template alone is an edge without context', () => {
    const { steps } = planPipeline({ steps: [step('a'), step('b', { prompt: '{{steps.a.text}}' })] });
    expect(steps[1]).toMatchObject({ needs: ['a'], contextFrom: [] });
  });

  test('"all" is every step before', () => {
    expect(
      needs([step('a'), step('b', { after: [] }), step('c', { context: { strategy: 'stateless', from: 'all' } })]),
    ).toEqual({ a: [], b: [], c: ['a', 'b'] });
  });

  test('a conversation holds its own steps, others are sent', () => {
    const conversation = { context: { strategy: 'conversation' } };
    const { steps } = planPipeline({
      steps: [
        step('a', conversation),
        step('x', { after: [] }),
        step('b', { context: { strategy: 'conversation', from: ['a', 'x'] } }),
      ],
    });
    expect(steps[2]).toMatchObject({ needs: ['a', 'x'], sentFrom: ['x'] });
  });

  test('defaults hold for every step that says nothing else', () => {
    const { steps } = planPipeline({
      steps: [step('a'), step('b', { model: 'gpt-x' })],
      defaults: { model: 'gpt-y', deadline: '5m' },
    });
    expect(steps).toMatchObject([
      { model: 'gpt-y', deadline: '5m' },
      { model: 'gpt-x', deadline: '5m' },
    ]);
  });
});
