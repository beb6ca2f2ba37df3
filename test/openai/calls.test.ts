import { callsOf, callsProblem } from '../../openai/calls';
import { type Item } from '../../openai/port';

const call = (args: string, more: object = {}): Item => ({
  type: 'function_call',
  call_id: 'call_1',
  name: 'pay',
  arguments: args,
  ...more,
});
const shown = (args: string): string | undefined => callsOf([call(args)], false)[0]?.arguments;

const problem = (id: unknown): string | undefined => callsProblem([call('{}', { call_id: id })]);

test('a person is shown the arguments as they will be used, without signs that hide something', () => {
  expect(shown('{"usd":1, "to":"ada",\n "usd":90000}')).toBe('{"usd":90000,"to":"ada"}');
  expect(shown('{"to":"ad\u202Ea\u200B\u0007"}')).toBe(String.raw`{"to":"ad\u202ea\u200b\u0007"}`);
  expect(shown('{"to":"Zoë 🦊 日本"}')).toBe('{"to":"Zoë 🦊 日本"}');
  expect(shown('no \u001b[2KJSON')).toBe(String.raw`no \u001b[2KJSON`);
  expect(shown(JSON.stringify({ to: 'x'.repeat(2_000) }))).toMatch(/^\{"to":"x+… \(2009 characters in all\)$/);
  expect(callsOf([call('{}', { name: 'pay\n' })], false)).toMatchObject([{ name: String.raw`pay\u000a` }]);
});

test('an id of a call that could not be one is a problem of its response', () => {
  for (const id of ['call_1', 'functions.pay:0', 'a/b/../c', 'x'.repeat(200)]) expect(problem(id)).toBeUndefined();
  for (const id of ['', 'a b', 'a\nb', 'ä', 'x'.repeat(201), 7]) expect(problem(id)).toMatch(/whose id is not one/);
  expect(callsProblem([{ type: 'message' }, { type: 'custom_tool_call', call_id: 'a b' }])).toBeUndefined();
});

test('whatever a response asks for, what is told of it is short', () => {
  const deep = '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000);
  expect(shown(deep)).toMatch(/^(\{"a":)+\{?.*… \(120001 characters in all\)$/);
  const [named] = callsOf([call('{}', { name: 'x'.repeat(3_000_000) })], false);
  expect(named?.name).toMatch(/^x{200}… \(3000000 characters in all\)$/);
  const many = (count: number): Item[] =>
    Array.from({ length: count }, (_, i) => call(JSON.stringify({ a: '日'.repeat(900) }), { call_id: `call_${i}` }));
  expect(callsProblem(many(1_000))).toBeUndefined();
  expect(callsProblem(many(1_001))).toBe('it asks for 1001 calls at once, of at most 1000');
  const told = callsOf(many(1_000), false);
  expect(told).toHaveLength(1_000);
  expect(told.at(-1)?.arguments).toBe('(not shown: 908 characters)');
  // Temporal takes at most 2 MB.
  expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThan(1_200_000);
});

test('what stands twice is asked for once, and the first of it counts', () => {
  const asked = { type: 'mcp_approval_request', id: 'r1', name: 'a', arguments: '{}', server_label: 'crm' };
  const told = callsOf([call('{"usd":1}'), call('{"usd":2}'), asked, { ...asked, name: 'b' }], false);
  expect(told.map(({ name, arguments: args }) => [name, args])).toEqual([
    ['pay', '{"usd":1}'],
    ['a', '{}'],
  ]);
});
