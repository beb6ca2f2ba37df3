import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  type PipelineInput,
  type PipelineResult,
  ResearchClient,
  type RunHandle,
  UpdateRefusedError,
} from '../../client';
import { type CreateBody, type Provider } from '../../openai/port';
import { registerTools } from '../../tools';
import { type Harness, moveClock, required, startHarness, until } from '../setup/harness';
import { payTool } from '../setup/pay-tool';

const HOUR = 3_600;
let harness: Harness;
/** Bodies of the creates, by run and step. */
const sent = new Map<string, CreateBody>();

beforeAll(async () => {
  // Steps that are named so run until the clock is moved.
  const faults = ['slow', 'other'].map((id) => `long_queue:${HOUR} where step_id=${id}`);
  harness = await startHarness({
    seconds: 0,
    emulator: { faults },
    env: { DURABLE_RESEARCH_BACKGROUND: 'full' },
    deps: (provider) => ({ provider: recording(provider) }),
  });
});
afterAll(() => harness.close());

function recording(provider: Provider): Provider {
  return {
    ...provider,
    createResponse: (body, ...rest) => {
      const { workflow_id: id, step_id: step } = body['metadata'] as Record<string, string>;
      sent.set(`${id}/${step}`, body);
      return provider.createResponse(body, ...rest);
    },
  };
}

function seenBy({ workflowId }: RunHandle, stepId: string): string {
  return JSON.stringify(sent.get(`${workflowId}/${stepId}`)?.input);
}

function outcomes({ steps }: PipelineResult): string[] {
  return Object.entries(steps).map(([id, { outcome }]) => `${id} ${outcome}`);
}

function on(step: string, turn: string) {
  return { metadata: { step_id: { equals: step }, turn: { equals: turn } } };
}

/** Read, then a slow step on which three more stand, and a final one that sees the last of them alone. */
const CHAIN: PipelineInput = {
  steps: ['read', 'slow', 'check', 'rank', 'write'].map((id) => ({
    id,
    prompt: `Explain Raft: ${id}.`,
    maxQueued: '2h',
  })),
};

async function startChain(input = CHAIN): Promise<RunHandle> {
  const run = await harness.research.start(input);
  await until('the slow step runs', async () => {
    const { steps } = await run.progress();
    return steps.find(({ id }) => id === 'slow')?.state === 'in_progress';
  });
  return run;
}

test('what has not begun is skipped, what is at work ends, and the final step sees what is there', async () => {
  const run = await startChain();
  expect(await run.finishNow()).toEqual({ skipped: ['check', 'rank'], running: ['slow'], final: ['write'] });
  const { stage, steps } = await run.progress();
  expect(stage).toBe('finishing');
  expect(steps.filter(({ outcome }) => outcome === 'skipped').map(({ id }) => id)).toEqual(['check', 'rank']);
  await expect(run.finishNow()).rejects.toThrow(/has been told to finish already, with \{"running": "wait"\}/);
  await moveClock(harness.emulator, HOUR);
  const result = await run.result();
  expect(result.outcome).toBe('partial');
  expect(outcomes(result)).toEqual([
    'read completed',
    'slow completed',
    'check skipped',
    'rank skipped',
    'write completed',
  ]);
  expect(result.steps['rank']?.reason).toMatch(/^it had not begun when the run was told to finish/);
  const input = seenBy(run, 'write');
  expect(input).toContain('it had not begun when the run was told to finish');
  expect(input).toContain('Explain Raft: slow.');
  expect(input).not.toContain('Explain Raft: read.');
  await expect(run.finishNow()).rejects.toThrow(UpdateRefusedError);
});

test('told to cancel, it stops responses at the provider, also when it was told to wait first', async () => {
  const run = await startChain();
  await run.finishNow();
  expect(await run.finishNow({ running: 'cancel' })).toEqual({ skipped: [], running: ['slow'], final: ['write'] });
  const result = await run.result();
  expect(outcomes(result)).toEqual([
    'read completed',
    'slow cancelled',
    'check skipped',
    'rank skipped',
    'write completed',
  ]);
  expect(result.steps['slow']?.reason).toBe('stopped, since the run was told to finish (finishNow)');
  expect(seenBy(run, 'write')).toContain('Explain Raft: read.');
  const creates = await harness.creates(run.workflowId);
  expect(creates.map(({ metadata, status }) => `${metadata['step_id']} ${status}`)).toEqual([
    'read completed',
    'slow cancelled',
    'write completed',
  ]);
  expect(result.ledger).toMatchObject({ reservedUsd: 0, possiblyRunning: [], total: { creates: 3 } });
});

test('a final step that nothing is there for is not made up, and the run fails by name', async () => {
  const steps = (CHAIN.steps ?? []).slice(1);
  const run = await startChain({ steps });
  await run.finishNow({ running: 'cancel' });
  await expect(run.result()).rejects.toMatchObject({
    failure: {
      type: 'NoOutput',
      message: expect.stringMatching(/write skipped: needs "rank" \(skipped\), and nothing before that has an output/),
    },
  });
});

test('only final steps wait for people and for room in the budget any more', async () => {
  const parts = ['a', 'b', 'c', 'd'].map((id) => ({ id, prompt: 'Explain Paxos.', after: [], maxOutputTokens: 1_000 }));
  const write = { id: 'write', prompt: 'Sum up.', after: ['a', 'b', 'c', 'd'], maxOutputTokens: 20_000 };
  const run = await harness.research.start({ steps: [...parts, write], budget: { tokens: 1_300 } });
  const paused = await until('the run is paused', async () => {
    const progress = await run.progress();
    return progress.stage === 'paused' && progress;
  });
  const done = paused.steps.filter(({ state }) => state === 'ended').map(({ id }) => id);
  await run.finishNow();
  await until('the final step waits for room', async () => {
    const { stage, steps } = await run.progress();
    return stage === 'paused' && steps.find(({ id }) => id === 'write')?.doing !== undefined;
  });
  await run.raiseBudget({ tokens: 100_000 });
  const result = await run.result();
  const expected = parts.map(({ id }) => `${id} ${done.includes(id) ? 'completed' : 'skipped'}`);
  expect(outcomes(result)).toEqual([...expected, 'write completed']);
  expect(result.steps['d']?.reason).toMatch(/^BudgetExhausted: step "d" had no room in the budget: the run was told/);
});

test('a step at work goes on where the budget has room', async () => {
  const paying = await startHarness({ seconds: 0, deps: () => ({ tools: registerTools([payTool()]) }) });
  try {
    const call = { name: 'pay', arguments: { amount: 7 }, call_id: 'call_pay' };
    await paying.emulator.script.set({
      steps: [
        { expect: on('buy', '1'), answer: { function_calls: [call] } },
        { expect: on('buy', '2'), answer: { text: 'Not paid.' } },
        { expect: on('write', '1'), answer: { text: 'Nothing was bought.' } },
      ],
      anyOrder: true,
    });
    const steps = ['buy', 'write'].map((id) => ({ id, prompt: 'Explain Raft.', maxOutputTokens: 1_000 }));
    const run = await paying.research.start({ steps, defaults: { tools: ['pay'] }, budget: { usd: 1 } });
    await until('a person is asked', async () => (await run.progress()).approvals.length > 0);
    // The question is withdrawn, and the turn after it takes room of its own.
    expect(await run.finishNow()).toEqual({ skipped: [], running: ['buy'], final: ['write'] });
    expect(outcomes(await run.result())).toEqual(['buy completed', 'write completed']);
  } finally {
    await paying.close();
  }
});

test('a run that goes on in new executions stays told', async () => {
  const going = await startHarness({
    seconds: 0,
    emulator: { faults: [`long_queue:${HOUR} where step_id=slow`] },
    env: { DURABLE_RESEARCH_BACKGROUND: 'full', DURABLE_RESEARCH_HISTORY_EVENTS: '20' },
  });
  try {
    const finals = ['f1', 'f2', 'f3', 'f4', 'f5'].map((id) => ({
      id,
      prompt: 'Explain Raft.',
      context: { strategy: 'stateless' as const, from: ['slow', 'rank'] },
    }));
    const run = await going.research.start({ steps: [...CHAIN.steps.slice(1, 4), ...finals], maxParallel: 1 });
    await until('the slow step runs', async () => (await run.progress()).counts.inProgress === 1);
    await run.finishNow();
    const told = (await run.describe())?.runId;
    await moveClock(going.emulator, HOUR);
    // One that had forgotten it would skip them, for want of "rank".
    const completed = ['slow', 'f1', 'f2', 'f3', 'f4', 'f5'].map((id) => `${id} completed`);
    expect(outcomes(await run.result()).filter((text) => !text.endsWith('skipped'))).toEqual(completed);
    expect((await run.describe())?.runId).not.toBe(told);
  } finally {
    await going.close();
  }
});

/** Event by which the first task of an execution has ended: begun, scheduled, started, ended. */
const AFTER_FIRST_TASK = 4;

test('what an execution before has sent is stopped, also when that is told in the first task of the next', async () => {
  const away = { taskQueue: `${harness.taskQueue}-away`, seconds: 0 };
  const { emulator, home } = harness;
  const env = {
    OPENAI_BASE_URL: emulator.url,
    DURABLE_RESEARCH_ORIGIN: `emulator:${emulator.instanceId}`,
    DURABLE_RESEARCH_HOME: home,
    DURABLE_RESEARCH_BACKGROUND: 'full',
    DURABLE_RESEARCH_HISTORY_EVENTS: '20',
  };
  const first = await startHarness({ ...away, env });
  const quick = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id, prompt: 'Explain Raft.', after: [] }));
  const slow = { id: 'slow', prompt: 'Explain Paxos.', after: [], maxQueued: '2h' };
  const { workflowId } = await new ResearchClient(harness.research.client, away.taskQueue).start({
    steps: [slow, ...quick, { id: 'write', prompt: 'Sum up.', after: ['slow', 'a'], onMissing: 'note' }],
  });
  const run = harness.research.run(workflowId);
  const begun = (await run.describe())?.runId;
  await until('a later execution has begun, and waits for the slow step alone', async () => {
    const { counts } = await run.progress();
    const { runId, historyLength } = (await run.describe()) ?? { historyLength: 0 };
    return counts.ended === quick.length && runId !== begun && historyLength >= AFTER_FIRST_TASK;
  });
  await first.close();
  const whose = ['--workflow-id', workflowId, '--address', required('TEST_TEMPORAL_ADDRESS')];
  const reset = ['--event-id', `${AFTER_FIRST_TASK}`, '--reason', 'as if it had just begun'];
  await promisify(execFile)(required('TEST_TEMPORAL_CLI'), ['workflow', 'reset', ...reset, ...whose]);
  // By the bare protocol: it waits for a worker for as long as that takes.
  const handle = harness.research.client.workflow.getHandle(workflowId);
  const told = handle.executeUpdate('finishNow', { args: [{ running: 'cancel' }] });
  const second = await startHarness({ ...away, env });
  try {
    expect(await told).toEqual({ skipped: [], running: ['slow'], final: ['write'] });
    const { steps, ledger } = await run.result();
    expect(steps['slow']).toMatchObject({ outcome: 'cancelled', reason: expect.stringMatching(/^stopped, since/) });
    expect(steps['write']?.outcome).toBe('completed');
    expect(ledger).toMatchObject({ reservedUsd: 0, possiblyRunning: [] });
  } finally {
    await second.close();
  }
});
