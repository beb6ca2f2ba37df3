import { planPipeline } from '../../contract/pipeline';
import { findSecrets, secretKind } from '../../contract/secrets';

const KEY = `sk-${'a1B2'.repeat(8)}`;
const step = (more: object): object => ({ steps: [{ id: 'a', prompt: 'x', ...more }] });
const mcp = (more: object): object =>
  step({ tools: [{ type: 'mcp', server_label: 'x', require_approval: 'never', ...more }] });

test.each<[name: string, input: unknown, path: PropertyKey[]]>([
  ['a key in a prompt', step({ prompt: `Use ${KEY}.` }), ['steps', 0, 'prompt']],
  ['a key in the input', { input: { a: [KEY] } }, ['input', 'a', 0]],
  ['a key as the name of a field', { input: { [KEY]: 1 } }, ['input']],
  ['a webhook secret', { input: `whsec_${'a'.repeat(24)}` }, ['input']],
  ['credentials in a URL', { input: 'see postgres://me:secret@host/db' }, ['input']],
  ['headers of a tool', mcp({ headers: { 'X-Token': 'x' } }), ['steps', 0, 'tools', 0, 'headers']],
  ['authorization of a tool', mcp({ authorization: 'x' }), ['steps', 0, 'tools', 0, 'authorization']],
  ['deep in a tool', mcp({ a: { b: { apiKey: 'x' } } }), ['steps', 0, 'tools', 0, 'a', 'b', 'apiKey']],
  ['a tool of the defaults', { defaults: { tools: [{ type: 'mcp', token: 'x' }] } }, ['defaults', 'tools', 0, 'token']],
  [
    'a key in the URL of a tool',
    mcp({ server_url: 'https://host/sse?a=b&api_key=xyz' }),
    ['steps', 0, 'tools', 0, 'server_url'],
  ],
])('%s is found at its path', (_name, input, path) => {
  expect(findSecrets(input).map((finding) => finding.path)).toEqual([path]);
});

test.each<[string, unknown]>([
  ['ordinary text', step({ prompt: 'What is a task-based approach? sk-short. https://host:80/a@b' })],
  ['a field named token in the input', { input: { token: 'x', tools: { password: 'y' } } }],
  [
    'a schema with such properties',
    step({ format: { properties: { tools: { properties: { token: { type: 'string' } } }, headers: {} } } }),
  ],
  ['a tool whose field is null', mcp({ authorization: null })],
])('%s is no secret', (_name, input) => {
  expect(findSecrets(input)).toEqual([]);
});

test('a refusal never holds the secret, wherever it stands', () => {
  for (const input of [
    step({ prompt: KEY }),
    { input: { [KEY]: 1 }, ...step({}) },
    { [KEY]: 1 },
    KEY,
    step({ [KEY]: 1 }),
  ]) {
    const refuse = (): unknown => planPipeline(input);
    expect(refuse).toThrow(/is not valid: .*holds an API key/);
    expect(refuse).not.toThrow(KEY);
  }
});

test('a long text is searched at once', () => {
  const startedAt = performance.now();
  for (const text of ['a.', 'word-', 'a://', 'a://b:', 'sk-', 'whsec_'])
    expect(secretKind(text.repeat(200_000).slice(0, 400_000))).toBe(text === 'sk-' ? 'an API key' : undefined);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
