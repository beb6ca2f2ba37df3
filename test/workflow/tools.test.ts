import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { type ActivityDeps } from '../../activities';
import { type PipelineInput, RunCancelledError, type RunHandle } from '../../client';
import { type ScriptInput } from '../../emulator/script/schema';
import { type CreateBody, type Provider } from '../../openai/port';
import { defineTool, registerTools, type ToolContext } from '../../tools';
import { type Harness, moveClock, startHarness, until } from '../setup/harness';
import { payTool } from '../setup/pay-tool';

type Step = ScriptInput['steps'][number];
type Answer = NonNullable<Step['answer']>;

let harness: Harness;
/** Keys of the calls that were made, by the name of the tool. */
const made: Record<string, string[]> = {};
const aborted: string[] = [];

function note(name: string, { idempotencyKey }: Pick<ToolContext, 'idempotencyKey'>): void {
  (made[name] ??= []).push(idempotencyKey);
}

const city = z.object({ city: z.string() });
const TOOLS = [
  defineTool({
    name: 'weather',
    description: 'The weather of a city.',
    parameters: city,
    execute: async ({ city: name }, context) => {
      note('weather', context);
      // The first of two calls ends last.
      if (name === 'Oslo') await setTimeout(150);
      return { city: name, sky: 'clear' };
    },
  }),
  payTool({ idempotent: false, onPaid: (idempotencyKey) => note('pay', { idempotencyKey }) }),
  defineTool({
    name: 'breaks',
    description: 'Fails.',
    parameters: city,
    retries: 1,
    execute: (_, context) => {
      note('breaks', context);
      throw new Error('the station at sk-1234567890abcdefghij is closed');
    },
  }),
  defineTool({
    name: 'must_work',
    description: 'Fails its step.',
    parameters: city,
    onError: 'fail',
    execute: () => Promise.reject(new Error('the station is closed')),
  }),
  defineTool({
    name: 'large',
    description: 'Answers at length.',
    parameters: city,
    execute: () => 'x'.repeat(1_000_000),
  }),
  defineTool({
    name: 'slow',
    description: 'Takes its time.',
    parameters: city,
    execute: async (_, context) => {
      note('slow', context);
      await setTimeout(60_000, undefined, { signal: context.signal }).catch((error: unknown) => {
        aborted.push(context.idempotencyKey);
        throw error;
      });
    },
  }),
];

/** What the worker has registered, which a test may change. */
const registry = new Map(registerTools(TOOLS));
const weather = registry.get('weather')!;

beforeAll(async () => {
  harness = await startHarness({
    seconds: 0.05,
    deps: (provider) => ({ ...recording(provider), tools: registry }),
  });
});
afterAll(() => harness.close());

const call = (name: string, args: Record<string, unknown> | string, callId?: string) => ({
  name,
  arguments: args,
  ...(callId !== undefined && { call_id: callId }),
});

/** What the turns of the steps are answered with. */
async function script(turns: Record<string, Answer[]>, on = harness): Promise<void> {
  const steps = Object.entries(turns).flatMap(([stepId, answers]) =>
    answers.map((answer, i): Step => ({
      expect: { metadata: { step_id: { equals: stepId }, turn: { equals: String(i + 1) } } },
      answer,
    })),
  );
  await on.emulator.script.set({ steps, anyOrder: true });
}

/** Bodies of the creates, by step and turn. */
const sent = new Map<string, CreateBody>();

function recording(provider: Provider): Partial<ActivityDeps> {
  const createResponse: Provider['createResponse'] = (body, ...rest) => {
    const { workflow_id: id, step_id: step, turn } = body['metadata'] as Record<string, string>;
    sent.set(`${id}/${step}/${turn}`, body);
    return provider.createResponse(body, ...rest);
  };
  return { provider: { ...provider, createResponse } };
}

function outputsIn(body: CreateBody | undefined): string[] {
  return (body?.input ?? []).flatMap(({ type, output }) => (type === 'function_call_output' ? [String(output)] : []));
}

const start = (steps: PipelineInput['steps'], more: Partial<PipelineInput> = {}): Promise<RunHandle> =>
  harness.research.start({ steps, ...more });

async function decide({ workflowId }: RunHandle, decision: { id: string; approve: boolean; reason?: string }) {
  const handle = harness.research.client.workflow.getHandle(workflowId);
  await handle.executeUpdate('decideApproval', { args: [decision] });
}

async function waitsFor(run: RunHandle, id: string): Promise<string> {
  return until(`${id} waits`, async () => (await run.progress()).waitingFor.find((text) => text.startsWith(id)));
}

test('two calls run side by side, and their outputs go back in the order in which they were asked for', async () => {
  const calls = [call('weather', { city: 'Oslo' }, 'call_1'), call('weather', { city: 'Rome' }, 'call_2')];
  await script({ ask: [{ function_calls: calls }, { text: 'Clear in both.' }], next: [{ text: 'Yes.' }] });
  const run = await start([
    {
      id: 'ask',
      prompt: 'What is the weather?',
      instructions: 'Be brief.',
      tools: ['weather', { type: 'web_search' }],
    },
    { id: 'next', prompt: 'Is it good?' },
  ]);
  const result = await run.result();
  expect(result).toMatchObject({ outcome: 'completed', text: 'Yes.', ledger: { total: { creates: 3 } } });
  expect(result.ledger.reservedUsd).toBe(0);
  const [first, second] = ['1', '2'].map((turn) => sent.get(`${run.workflowId}/ask/${turn}`));
  const definition = { type: 'function', name: 'weather', strict: true, parameters: { required: ['city'] } };
  expect(first).toMatchObject({ tools: [{ type: 'web_search' }, definition], metadata: { calls: 'true' } });
  const outputs = ['Oslo', 'Rome'].map((name, i) => ({
    type: 'function_call_output',
    call_id: `call_${i + 1}`,
    output: JSON.stringify({ city: name, sky: 'clear' }),
  }));
  const { responseIds } = result.steps['ask']!;
  expect(second).toMatchObject({ input: outputs, previous_response_id: responseIds[0], instructions: 'Be brief.' });
  expect(second!['tools']).toEqual(first!['tools']);
  expect(made['weather']!.toSorted()).toEqual(['call_1', 'call_2'].map((id) => `${run.workflowId}/ask/1/${id}`));
  // A later step sees every turn of this one, calls with their outputs.
  const seen = sent.get(`${run.workflowId}/next/1`)!.input;
  const types = seen.map(({ type, role }) => (type === 'message' ? role : type));
  const [asked, answered] = ['function_call', 'function_call_output'];
  expect(types).toEqual(['user', asked, asked, answered, answered, 'assistant', 'user']);
});

test('a person decides on a call first; one that is rejected is not made, and the model is told why', async () => {
  const paying = [{ function_calls: [call('pay', { amount: 7 }, 'call_pay')] }, { text: 'Done.' }];
  await script({ yes: paying, no: paying });
  const step = { prompt: 'Pay the bill.', tools: ['pay'], after: [] };
  const run = await start([
    { id: 'yes', ...step },
    { id: 'no', ...step },
  ]);
  expect(await waitsFor(run, 'yes/1/call_pay')).toBe('yes/1/call_pay: call pay? {"amount":7}');
  await waitsFor(run, 'no/1/call_pay');
  expect(made['pay']).toBeUndefined();
  await decide(run, { id: 'no/1/call_pay', approve: false, reason: 'too much' });
  await decide(run, { id: 'yes/1/call_pay', approve: true });
  expect(await run.result()).toMatchObject({ outcome: 'completed' });
  expect(made['pay']).toEqual([`${run.workflowId}/yes/1/call_pay`]);
  const [yes, no] = ['yes', 'no'].map((id) => outputsIn(sent.get(`${run.workflowId}/${id}/2`)));
  expect([yes, no]).toEqual([['paid 7'], ['This call was rejected and not made: too much']]);
});

test('what the model does wrong it is told once, then the step fails by name; bounds hold', async () => {
  const fine = { function_calls: [call('weather', { city: 'Rome' })] };
  const wrong = { function_calls: [call('weather', '{"city": 7}')] };
  const other = { function_calls: [call('pay', { amount: 1 }), call('weather', { city: 'Rome' })] };
  const many = { function_calls: ['A', 'B', 'C'].map((name) => call('weather', { city: name })) };
  const text = { text: 'Clear.' };
  await script({
    wrong: [wrong, text],
    wrong2: [wrong, fine, wrong],
    other: [other, text],
    other2: [other, other],
    turns: [fine, fine],
    calls: [many, text],
    broken: [{ function_calls: [call('breaks', { city: 'Rome' })] }, text],
    fails: [{ function_calls: [call('must_work', { city: 'Rome' })] }],
  });
  made['pay'] = [];
  const step = { prompt: 'What is the weather?', tools: ['weather'], after: [] };
  const run = await start(
    [
      ...['wrong', 'wrong2', 'other', 'other2'].map((id) => ({ id, ...step })),
      { id: 'turns', ...step, maxTurns: 2 },
      { id: 'calls', ...step, maxToolCalls: 2 },
      { id: 'broken', ...step, tools: ['breaks'] },
      { id: 'fails', ...step, tools: ['must_work'] },
    ],
    { defaults: { retries: 0 } },
  );
  const { steps } = await run.result();
  const told = (id: string): string[] => outputsIn(sent.get(`${run.workflowId}/${id}/2`));
  expect(told('wrong')).toEqual([
    'Error: the tool was not called: what it was given is not valid: city: expected string, got 7',
  ]);
  expect(told('other')).toEqual([
    'Error: the tool "pay" is not offered to you and was not called; you have "weather"',
    expect.stringContaining('clear'),
  ]);
  expect(told('calls').map((output) => output.includes('clear'))).toEqual([true, true, false]);
  expect(told('calls')[2]).toBe('Error: the tool was not called: at most 2 calls are allowed, and all are used');
  expect(told('broken')).toEqual(['Error: it failed, and its message holds a credential, which is not shown']);
  expect(made['breaks']).toHaveLength(2);
  expect(made['pay']).toEqual([]);
  const last = (id: string): unknown => sent.get(`${run.workflowId}/${id}/2`)!['tool_choice'];
  expect([last('turns'), last('calls'), last('wrong')]).toEqual(['none', 'none', undefined]);
  expect(sent.get(`${run.workflowId}/calls/1`)).toMatchObject({ max_tool_calls: 2 });
  const reasons = Object.entries(steps).map(([id, { outcome, reason }]) => [id, reason?.split(':')[0] ?? outcome]);
  expect(Object.fromEntries(reasons)).toEqual({
    wrong: 'completed',
    wrong2: 'ToolArguments',
    other: 'completed',
    other2: 'ToolNotOffered',
    turns: 'TurnsExhausted',
    calls: 'completed',
    broken: 'completed',
    fails: 'ToolFailed',
  });
  expect(steps['fails']!.reason).toMatch(
    /^ToolFailed: tool "must_work" failed in call call_\w+: the station is closed$/,
  );
});

test('a result of a megabyte reaches the model, and not the history', async () => {
  await script({ ask: [{ function_calls: [call('large', { city: 'Rome' })] }, { text: 'Long.' }] });
  const run = await start([{ id: 'ask', prompt: 'What is the weather?', tools: ['large'] }]);
  expect(await run.result()).toMatchObject({ text: 'Long.' });
  expect(outputsIn(sent.get(`${run.workflowId}/ask/2`))).toEqual(['x'.repeat(1_000_000)]);
  const { historySize } = await harness.research.client.workflow.getHandle(run.workflowId).describe();
  expect(historySize).toBeLessThan(50_000);
});

test('a cancel reaches the tool that is at work, and the run ends after it', async () => {
  await script({ ask: [{ function_calls: [call('slow', { city: 'Rome' }, 'call_slow')] }] });
  const run = await start([{ id: 'ask', prompt: 'What is the weather?', tools: ['slow'] }]);
  await until('the tool is at work', async () => made['slow']?.length === 1);
  expect((await run.progress()).waitingFor).toEqual(['ask: calling slow']);
  await run.cancel();
  await expect(run.result()).rejects.toThrow(RunCancelledError);
  expect(aborted).toEqual([`${run.workflowId}/ask/1/call_slow`]);
});

test('a step in a conversation goes on in it', async () => {
  await script({
    ask: [{ function_calls: [call('weather', { city: 'Rome' })] }, { text: 'Clear.' }],
    more: [{ text: 'Good.' }],
  });
  const context = { strategy: 'conversation' as const };
  const run = await start([
    { id: 'ask', prompt: 'What is the weather?', context, tools: ['weather'] },
    { id: 'more', prompt: 'Is it good?', context },
  ]);
  expect(await run.result()).toMatchObject({ outcome: 'completed', text: 'Good.' });
  const [first, second] = ['1', '2'].map((turn) => sent.get(`${run.workflowId}/ask/${turn}`)!);
  expect(second).toMatchObject({ conversation: first!['conversation'], input: [{ type: 'function_call_output' }] });
  expect(second).not.toHaveProperty('previous_response_id');
});

test('an unknown tool is refused at the start of the run, by its place', async () => {
  const run = await start([{ id: 'a', prompt: 'x' }], { defaults: { tools: ['weather', 'telepathy'] } });
  await expect(run.result()).rejects.toThrow(
    /defaults\.tools\[1\]: no tool "telepathy" is registered at the worker, by DURABLE_RESEARCH_TOOLS or its options; registered: "weather", "pay"/,
  );
});

test('a create of a later turn whose answer is lost is sent again, and no call is', async () => {
  const steps = [
    { answer: { function_calls: [call('weather', { city: 'Rome' }, 'call_once')] } },
    { answer: { text: 'Nobody reads this.', fault: 'drop_after_accept*1' } },
    { expect: { metadata: { turn: '2', create: '2' } }, answer: { text: 'Clear.' } },
  ];
  await harness.emulator.script.set({ steps });
  const run = await start([{ id: 'ask', prompt: 'What is the weather?', tools: ['weather'] }]);
  const { text, ledger } = await run.result();
  expect(text).toBe('Clear.');
  expect(ledger.ambiguous).toMatchObject([{ stepId: 'ask', turn: 2, create: 1 }]);
  expect(ledger.total.creates).toBe(3);
  expect(made['weather']!.filter((key) => key === `${run.workflowId}/ask/1/call_once`)).toHaveLength(1);
});

test('a worker without the tool leaves its work to another, and what shows itself meanwhile is no answer to it', async () => {
  const lost = { text: 'Nobody reads this.', fault: 'drop_after_accept*1' };
  const asks = { function_calls: [call('weather', { city: 'Rome' })], seconds: 600 };
  await harness.emulator.script.set({ steps: [lost, asks, { text: 'Clear.' }].map((answer) => ({ answer })) });
  const run = await start([{ id: 'ask', prompt: 'What is the weather?', tools: ['weather'] }]);
  const [found] = await until('it is created again', async () => {
    const creates = await harness.creates(run.workflowId);
    return creates.length === 2 && creates;
  });
  registry.delete('weather');
  await moveClock(harness.emulator, 600);
  try {
    await until('the call waits for another worker', async () => {
      const [pending] = (await run.describe())?.raw.pendingActivities ?? [];
      return pending?.lastFailure?.message?.includes('"weather", which this worker has not registered');
    });
    const place = { responseId: found!.id, stepId: 'ask', turn: 1, create: 1 };
    const seen = { ...place, status: 'completed', model: 'gpt-6.1-terra', hostedCalls: {} };
    await harness.research.client.workflow.getHandle(run.workflowId).signal('responseSeen', seen);
  } finally {
    registry.set('weather', weather);
  }
  const { text, steps, ledger } = await run.result();
  expect([text, steps['ask']!.responseIds.includes(found!.id)]).toEqual(['Clear.', false]);
  expect(ledger.ambiguous).toMatchObject([{ turn: 1, create: 1, responseId: found!.id }]);
});

test('without background mode, a step says everything again; a run goes on in a new execution while a person thinks', async () => {
  const other = await startHarness({
    seconds: 0.05,
    env: { DURABLE_RESEARCH_BACKGROUND: 'none', DURABLE_RESEARCH_HISTORY_EVENTS: '20' },
    deps: recording,
    worker: { tools: TOOLS },
  });
  try {
    const calls = [call('weather', { city: 'Rome' }, 'call_1'), call('pay', { amount: 9 }, 'call_2')];
    const turn = { function_calls: [call('weather', { city: 'Oslo' }, 'call_3')] };
    const fill = ['b', 'c', 'd', 'e'];
    const filled = fill.map((id): [string, Answer[]] => [id, [{ text: id }]]);
    await script({ ask: [{ function_calls: calls }, turn, { text: 'Paid.' }], ...Object.fromEntries(filled) }, other);
    const steps = fill.map((id) => ({ id, prompt: id, ...(id === 'b' && { after: [] }) }));
    const ask = { id: 'ask', prompt: 'Pay if it is clear.', tools: ['weather', 'pay'] };
    const run = await other.research.start({ steps: [ask, ...steps] });
    await until('the others have ended', async () => (await run.progress()).counts.ended === fill.length);
    const rested = await until('the run goes on', async () => (await run.describe())?.runId !== run.runId);
    expect(rested).toBe(true);
    made['pay'] = [];
    const handle = other.research.client.workflow.getHandle(run.workflowId);
    await handle.executeUpdate('decideApproval', { args: [{ id: 'ask/1/call_2', approve: true }] });
    const { outcome, steps: ended } = await run.result();
    expect([outcome, ended['ask']!.responseIds.length, ended['ask']!.resumable]).toEqual(['completed', 3, false]);
    expect(made['pay']).toEqual([`${run.workflowId}/ask/1/call_2`]);
    expect(made['weather']!.filter((key) => key === `${run.workflowId}/ask/1/call_1`)).toHaveLength(1);
    const said = sent.get(`${run.workflowId}/ask/3`)!;
    expect(said).not.toHaveProperty('previous_response_id');
    expect(said.input.map(({ type, call_id: id }) => id ?? type)).toEqual([
      'message',
      'call_1',
      'call_2',
      'call_1',
      'call_2',
      'call_3',
      'call_3',
    ]);
  } finally {
    await other.close();
  }
});
