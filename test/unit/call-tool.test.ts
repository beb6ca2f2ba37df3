import { once } from 'node:events';
import { type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { z } from 'zod';
import { type ActivityDeps } from '../../activities';
import { callTool } from '../../activities/call-tool';
import { type CallToolInput, type ToolCalled } from '../../contract/activities';
import { type OutputStore } from '../../store/port';
import { providerStore } from '../../store/provider';
import { defineTool, registerTools, type ToolOptions } from '../../tools';

const RESPONSE = 'resp_1';
const INPUT: CallToolInput = {
  origin: 'here',
  stepId: 'ask',
  turn: 1,
  responseId: RESPONSE,
  callId: 'call_1',
  name: 'tool',
  timeoutMs: 60_000,
  idempotent: true,
  retries: 0,
  onError: 'tell',
  deadlineAt: Infinity,
};

type Case = {
  execute: ToolOptions<z.ZodObject>['execute'];
  /** As the model wrote them. */
  args?: string;
  parameters?: z.ZodObject;
  input?: Partial<CallToolInput>;
  attempt?: number;
  /** Details of the heartbeat before. */
  heartbeatDetails?: unknown;
};

/** What was told durably. */
const beats: unknown[] = [];
const client = {
  activity: { heartbeat: async (_: unknown, details: unknown) => void beats.push(details) },
  withAbortSignal: (_: unknown, call: () => unknown) => call(),
};

function depsFor({ execute, args = '{}', parameters = z.object({}) }: Case, store: OutputStore): ActivityDeps {
  const tools = registerTools([defineTool({ name: 'tool', description: 'x', parameters, execute })]);
  const output = [{ type: 'function_call', call_id: 'call_1', name: 'tool', arguments: args }];
  const retrieveResponse = async () => ({ id: RESPONSE, status: 'completed', model: 'm', output });
  return { provider: { origin: 'here', retrieveResponse }, store, tools } as unknown as ActivityDeps;
}

/** Keeps texts, and no outputs: those are asked for at the provider. */
function textStore(texts: Map<string, string>): OutputStore {
  const putPrompt = async (text: string): Promise<string> => {
    texts.set('ref', text);
    return 'ref';
  };
  return { ...providerStore, putPrompt };
}

async function called(one: Case, store = providerStore): Promise<ToolCalled> {
  const { input, attempt = 1, heartbeatDetails } = one;
  const environment = new MockActivityEnvironment(
    { attempt, heartbeatDetails },
    { logger: new DefaultLogger('ERROR', () => undefined), client: client as unknown as Client },
  );
  const call = (): Promise<ToolCalled> => callTool(depsFor(one, store), { ...INPUT, ...input });
  return (await environment.run(call)) as ToolCalled;
}

const told = async (one: Case): Promise<string | undefined> => (await called(one)).output.text;
const fails = (message: string | Error) => (): never => {
  throw typeof message === 'string' ? new Error(message) : message;
};

const long = (): string => 'x'.repeat(40_000);

const late = async (_: unknown, { signal }: { signal: AbortSignal }): Promise<string> => {
  await once(signal, 'abort');
  return 'late';
};

const stops = async (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
  await once(signal, 'abort');
  throw signal.reason;
};

test('what a tool returns is the output: a text as it is, everything else as JSON', async () => {
  expect(await told({ execute: () => 'as it is' })).toBe('as it is');
  expect(await told({ execute: () => Promise.resolve({ a: [1] }) })).toBe('{"a":[1]}');
  expect(await told({ execute: () => undefined })).toBe('null');
  expect(await told({ execute: () => 1n })).toBe('Error: its result cannot be written as JSON');
});

const nesting = (levels: number): string => '{"next":'.repeat(levels) + '{}' + '}'.repeat(levels);
/** What reached the function, with what it takes for itself from a prototype. */
const echo = (given: object): string => `${JSON.stringify(given).slice(0, 20)} ${String(Reflect.get(given, 'admin'))}`;

test('arguments that nest without end, or name fields without end, are refused shortly', async () => {
  const nested = z.object({
    get next(): z.ZodOptional<z.ZodNullable<z.ZodObject>> {
      return nested.nullish();
    },
  });
  const nests = { execute: echo, parameters: nested };
  expect(await told({ ...nests, args: nesting(99) })).toMatch(/^\{"next":/);
  const tooDeep = 'Error: the tool was not called: its arguments have more than 100 levels';
  for (const levels of [100, 50_000]) expect(await told({ ...nests, args: nesting(levels) })).toBe(tooDeep);
  const unknown = { execute: echo, parameters: z.strictObject({}), args: `{"${'x'.repeat(1_000_000)}":1}` };
  const text = await told(unknown);
  expect(text).toMatch(/^Error: the tool was not called: what it was given is not valid: x+$/);
  expect(text!.length).toBeLessThan(2_100);
});

test('fields that stand for prototypes reach no tool', async () => {
  const args = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"city":"Oslo"}';
  const parameters = z.object({ city: z.string() });
  expect(await told({ execute: echo, parameters, args })).toBe('{"city":"Oslo"} undefined');
});

test('a result is kept in the store, and without one it has a bound', async () => {
  const texts = new Map<string, string>();
  const kept = await called({ execute: long }, textStore(texts));
  expect(kept).toEqual({
    ended: 'ok',
    output: { callId: 'call_1', ref: 'ref' },
    bytes: 40_000,
    preview: 'x'.repeat(200),
  });
  expect(texts.get('ref')).toHaveLength(40_000);
  expect(await called({ execute: long, input: { redact: true } }, textStore(texts))).toMatchObject({ preview: '' });
  expect(await told({ execute: long })).toMatch(
    /^Error: its result has 40000 bytes, of at most 32768 .*DURABLE_RESEARCH_STORE/,
  );
  const huge = { execute: (): string => 'x'.repeat(10 * 1024 * 1024 + 1) };
  expect(await told(huge)).toBe('Error: its result has 10485761 bytes, and the API takes at most 10485760');
});

test('a message is told in one line, without stack and credentials', async () => {
  expect(await told({ execute: fails('no such\n  customer') })).toBe('Error: no such customer');
  expect(await told({ execute: fails('Bearer abcdef is refused') })).toBe('Error: Bearer … is refused');
  expect(await told({ execute: fails('postgres://me:secret@db/x refused') })).toMatch(/holds a credential/);
});

test('a tool may return and throw what it likes', async () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const value of [circle, () => 1, { toJSON: fails('no') }])
    expect(await told({ execute: () => value })).toBe('Error: its result cannot be written as JSON');
  expect(await told({ execute: () => 'half \uD83D' })).toBe('half \uFFFD');
  const nothing = 'Error: it failed, and gave no reason';
  const odd = Object.assign(new Error('x'), { message: 7 as unknown as string });
  const thrown: [unknown, string][] = [
    ['a text', 'Error: a text'],
    [undefined, 'Error: undefined'],
    [Object.create(null), nothing],
    [new Error(''), nothing],
    [odd, 'Error: 7'],
  ];
  for (const [what, text] of thrown) expect(await told({ execute: () => Promise.reject(what as Error) })).toBe(text);
});

test('a function is aborted at its time-out; one that ends all the same has ended, and one that never ends is left', async () => {
  expect(await told({ execute: late, input: { timeoutMs: 20 } })).toBe('late');
  expect(await told({ execute: stops, input: { timeoutMs: 20 } })).toBe('Error: it did not end within 0.02 s');
  const deaf = { execute: () => new Promise(() => undefined), input: { timeoutMs: 20 } };
  const single = { ...deaf, input: { ...deaf.input, idempotent: false } };
  const [again, thrown] = await Promise.allSettled([told(deaf), told(single)]);
  expect(again).toMatchObject({ value: 'Error: it did not end within 0.02 s' });
  expect(thrown).toMatchObject({ reason: { type: 'ToolUncertain' } });
});

test.each<[string, Case, object]>([
  [
    'a tool that fails its step',
    { execute: fails('closed'), input: { onError: 'fail' } },
    { type: 'ToolFailed', message: 'tool "tool" failed in call call_1: closed', nonRetryable: true },
  ],
  [
    'the same, redacted',
    { execute: fails('closed'), input: { onError: 'fail', redact: true } },
    { type: 'ToolFailed', message: 'tool "tool" failed in call call_1' },
  ],
  [
    'a tool that is tried again',
    { execute: fails('closed'), input: { retries: 1 } },
    { type: 'ToolFailed', nonRetryable: false },
  ],
  [
    'a tool of another worker',
    { execute: () => 1, input: { name: 'other' } },
    { type: 'ToolUnavailable', nonRetryable: false },
  ],
  ['a call that comes too late', { execute: () => 1, input: { deadlineAt: 1 } }, { type: 'DeadlineExceeded' }],
  ['a run of another provider', { execute: () => 1, input: { origin: 'there' } }, { type: 'ProviderMismatch' }],
])('%s is a failure of its own', async (_name, one, failure) => {
  await expect(called(one)).rejects.toMatchObject(failure);
});

test('retries end, and a tool can rule them out', async () => {
  expect(await told({ execute: fails('closed'), input: { retries: 1 }, attempt: 2 })).toBe('Error: closed');
  const final = ApplicationFailure.nonRetryable('gone for good');
  expect(await told({ execute: fails(final), input: { retries: 5 } })).toBe('Error: gone for good');
});

test('a tool that ends every worker that calls it is given up', async () => {
  const lost = { execute: () => 'done', attempt: 12 };
  expect(await told({ ...lost, heartbeatDetails: { begun: true, attempts: 10 } })).toBe('done');
  expect(beats.at(-1)).toEqual({ begun: true, attempts: 11 });
  const ended = { ...lost, heartbeatDetails: { begun: true, attempts: 11 } };
  expect(await told(ended)).toBe('Error: it was begun 11 times and ended in none of them: does it end its worker?');
  await expect(told({ ...ended, input: { onError: 'fail' } })).rejects.toMatchObject({
    type: 'ToolFailed',
    nonRetryable: true,
  });
});

test('an attempt that has ended is none that died', async () => {
  const before = { attempt: 2, heartbeatDetails: { begun: true, attempts: 1 }, input: { retries: 9 } };
  await expect(told({ ...before, execute: fails('not now') })).rejects.toMatchObject({ type: 'ToolFailed' });
  expect(beats.slice(-2)).toEqual([{ begun: true, attempts: 2 }, { begun: false }]);
  expect(await told({ ...before, execute: () => 'done', heartbeatDetails: { begun: false } })).toBe('done');
  expect(beats.at(-1)).toEqual({ begun: true, attempts: 1 });
});
