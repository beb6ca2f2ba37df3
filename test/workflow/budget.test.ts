import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import {
  type PipelineInput,
  type PipelineResult,
  RunCancelledError,
  type RunHandle,
  UpdateRefusedError,
} from '../../client';
import { type Progress } from '../../contract/progress';
import { api } from '../emulator/helpers';
import { FAN, PARTS } from '../setup/fan';
import { type Harness, required, startHarness, until, withFaults } from '../setup/harness';

const HOUR_MS = 3_600_000;
const WAITS = 'waiting for room in the budget';
let harness: Harness;
afterEach(() => harness.close());

/** What a pipeline costs without a budget. */
async function costOf(input: PipelineInput): Promise<number> {
  return (await (await harness.research.start(input)).result()).ledger.total.usd;
}

/** By the bare protocol, as from any client in any language. */
function raise(run: RunHandle, cap: unknown): Promise<unknown> {
  const handle = harness.research.client.workflow.getHandle(run.workflowId);
  return handle.executeUpdate('raiseBudget', { args: [cap] });
}

async function untilPaused(run: RunHandle, creates?: number): Promise<Progress> {
  return until('the run is paused', async () => {
    const progress = await run.progress();
    const counted = creates ?? (await harness.creates(run.workflowId)).length;
    const same = (await harness.creates(run.workflowId)).length === counted;
    return progress.stage === 'paused' && same && progress;
  });
}

async function createdSteps({ workflowId }: RunHandle): Promise<(string | undefined)[]> {
  return (await harness.creates(workflowId)).map(({ metadata }) => metadata['step_id']);
}

/** Input and output tokens, as the emulator itself has counted them for the responses of the run. */
async function tokensOfEmulator({ workflowId }: RunHandle): Promise<number> {
  const usages = (await harness.creates(workflowId)).map(async ({ id }) => {
    const { body } = await api(harness.emulator, `GET /responses/${id}`);
    return (body['usage'] as { total_tokens: number }).total_tokens;
  });
  return (await Promise.all(usages)).reduce((sum, tokens) => sum + tokens, 0);
}

function tokensOf({ ledger }: PipelineResult): number {
  return ledger.total.usage.input + ledger.total.usage.output;
}

function outcomes({ steps }: PipelineResult): string[] {
  return Object.entries(steps).map(([id, { outcome }]) => `${id} ${outcome}`);
}

/** When the create of each step was to be over at the latest, as history tells. */
async function deadlines(run: RunHandle): Promise<Map<string, number>> {
  const { events = [] } = await harness.research.client.workflow.getHandle(run.workflowId).fetchHistory();
  const inputs = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled?.activityId?.startsWith('create:') ? (scheduled.input?.payloads?.[0]?.data ?? []) : [],
  );
  const parsed = inputs.map(
    (data) => JSON.parse(Buffer.from(data).toString()) as { stepId: string; deadlineAt: number },
  );
  return new Map(parsed.map(({ stepId, deadlineAt }) => [stepId, deadlineAt]));
}

async function replay({ workflowId }: RunHandle): Promise<void> {
  const history = await harness.research.client.workflow.getHandle(workflowId).fetchHistory();
  const workflowBundle = { codePath: required('TEST_WORKFLOW_BUNDLE') };
  await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
}

test('a third of what a graph costs: pause holds at the cap, and a raise completes it in order', async () => {
  harness = await startHarness({ seconds: 0 });
  const usd = (await costOf(FAN)) / 3;
  const run = await harness.research.start({ ...FAN, budget: { usd } });
  const paused = await untilPaused(run);
  expect(paused.usd).toBeLessThanOrEqual(usd);
  expect(paused.budget).toEqual({
    usd,
    onExhausted: 'pause',
    counted: { usd: paused.usd, tokens: paused.usage.input + paused.usage.output },
    raiseTo: { usd: expect.any(Number) },
    keptBack: { usd: 0, tokens: 0 },
  });
  const waiting = paused.steps.filter(({ doing }) => doing === WAITS).map(({ id }) => id);
  expect(waiting).toEqual(PARTS.slice(-waiting.length));
  expect(waiting.length).toBeLessThan(PARTS.length);
  const [text = ''] = paused.waitingFor;
  expect(text).toMatch(
    new RegExp(
      String.raw`^budget: step "${waiting[0]}" may cost up to \$0\.\d{4}, \$0\.\d{4} of \$0\.\d{4} is left; raise`,
    ),
  );
  const before = await createdSteps(run);
  // What is asked for is enough for the first that waits, and for nobody else.
  await raise(run, paused.budget?.raiseTo);
  await untilPaused(run, before.length + 1);
  expect((await createdSteps(run)).slice(before.length)).toEqual(waiting.slice(0, 1));
  const askedAt = Date.now();
  expect(await raise(run, { usd: 1 })).toMatchObject({ usd: 1, onExhausted: 'pause' });
  const result = await run.result();
  expect(result.outcome).toBe('completed');
  const created = await createdSteps(run);
  expect(created).toHaveLength(FAN.steps.length);
  expect(new Set(created)).toEqual(new Set(['plan', ...PARTS, 'answer']));
  expect(tokensOf(result)).toBe(await tokensOfEmulator(run));
  // The time of a pause is not the step's.
  expect((await deadlines(run)).get(waiting[1] ?? '')).toBeGreaterThanOrEqual(askedAt + HOUR_MS);
  await replay(run);
});

test('a third of what a graph costs: stop skips what has no room, and the account is that of the emulator', async () => {
  harness = await startHarness({ seconds: 0 });
  const usd = (await costOf(FAN)) / 3;
  const budget = { usd, onExhausted: 'stop' as const, reserve: { usd: usd * 0.3 } };
  const run = await harness.research.start({ ...FAN, budget });
  const result = await run.result();
  expect(result.outcome).toBe('partial');
  expect(outcomes(result)).toEqual(
    expect.arrayContaining(['plan completed', 'part-1 completed', 'part-10 skipped', 'answer completed']),
  );
  expect(result.steps['part-10']?.reason).toMatch(
    /^BudgetExhausted: step "part-10" may cost up to \$0\.\d+, \$0\.\d+ of \$0\.\d+ is left beside \$0\.\d+ kept back for the final steps, and onExhausted is "stop"$/,
  );
  expect(result.ledger.total.usd).toBeLessThanOrEqual(usd);
  expect(tokensOf(result)).toBe(await tokensOfEmulator(run));
  expect(result.ledger.total.creates).toBe((await createdSteps(run)).length);
});

test('without a reserve a stop may leave nothing for the final step, and the run fails by name', async () => {
  harness = await startHarness({ seconds: 0 });
  const steps = FAN.steps.map((step) => ({ ...step, onMissing: undefined }));
  const run = await harness.research.start({ ...FAN, steps, budget: { tokens: 2_000, onExhausted: 'stop' } });
  await expect(run.result()).rejects.toMatchObject({
    failure: { type: 'NoOutput', message: expect.stringContaining('skipped: BudgetExhausted') },
  });
  expect((await run.ledger())?.total.usage.output).toBeLessThan(2_000);
});

test('what final steps need is kept back from the start', async () => {
  harness = await startHarness({ seconds: 0 });
  const steps = [
    { id: 'a', prompt: 'Explain Raft.', maxOutputTokens: 1_000 },
    {
      id: 'b',
      prompt: 'Explain Paxos.',
      maxOutputTokens: 1_000,
      context: { strategy: 'stateless' as const, from: ['a'] },
    },
    { id: 'end', prompt: 'Sum up.', maxOutputTokens: 1_000, after: ['a', 'b'], onMissing: 'note' as const },
  ];
  const budget = { tokens: 2_060, onExhausted: 'stop' as const };
  const kept = await harness.research.start({ steps, budget: { ...budget, reserve: 'final' } });
  expect(outcomes(await kept.result())).toEqual(['a completed', 'b skipped', 'end completed']);
  const other = await harness.research.start({ steps, budget });
  await expect(other.result()).rejects.toMatchObject({
    failure: { message: expect.stringMatching(/^no final step has an output; end skipped: BudgetExhausted/) },
  });
});

test('a run that goes on in new executions keeps its cap, its queue and its pause', async () => {
  const env = { DURABLE_RESEARCH_HISTORY_EVENTS: '20' };
  const folder = await mkdtemp(join(tmpdir(), 'durable-research-paused-'));
  const told = join(folder, 'told');
  harness = await startHarness({
    seconds: 0,
    env: { ...env, DURABLE_RESEARCH_NOTIFY_COMMAND: `cat >> ${told}; echo >> ${told}` },
  });
  const chain = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'].map((id, i) => ({
    id,
    prompt: 'Go on.',
    ...(i === 0 && { after: [] }),
  }));
  const steps = [...chain, ...['x', 'y', 'z'].map((id) => ({ id, prompt: 'Explain Raft.', after: ['c2'] }))];
  const run = await harness.research.start({
    defaults: { maxOutputTokens: 600 },
    steps,
    budget: { tokens: 2_000 },
  });
  const first = (await run.describe())?.runId;
  const paused = await untilPaused(run);
  await raise(run, { tokens: 3_000 });
  await until('it has gone on, and is paused in another execution', async () => {
    const { stage, budget, usage } = await run.progress();
    return stage === 'paused' && budget?.tokens === 3_000 && usage.output > paused.usage.output;
  });
  await raise(run, { tokens: 100_000 });
  const result = await run.result();
  expect(result.outcome).toBe('completed');
  expect((await run.describe())?.runId).not.toBe(first);
  expect(new Set(await createdSteps(run)).size).toBe(steps.length);
  expect(tokensOf(result)).toBe(await tokensOfEmulator(run));
  const lines = (await readFile(told, 'utf8')).trim().split('\n');
  const types = lines.map((line) => JSON.parse(line) as { type: string; waitingFor?: string });
  expect(types.map(({ type }) => type)).toEqual(['run.paused', 'run.paused', 'run.completed']);
  expect(types[0]?.waitingFor).toMatch(
    /^budget: step ".+" may use up to \d+ tokens, \d+ tokens of 2000 tokens is left; raise/,
  );
  await rm(folder, { recursive: true, force: true });
});

test('a paused run is cancelled at once', async () => {
  harness = await startHarness({ seconds: 0 });
  const run = await harness.research.start({ ...FAN, budget: { tokens: 700 } });
  await untilPaused(run);
  await run.cancel();
  await expect(run.result()).rejects.toBeInstanceOf(RunCancelledError);
  const { stage, waitingFor } = await run.progress();
  expect({ stage, waitingFor }).toEqual({ stage: 'ended', waitingFor: [] });
});

test('a create whose answer is lost counts with its worst price until its response is known', async () => {
  harness = await startHarness({
    seconds: 0,
    deps: (provider) => ({ provider: withFaults(provider, { a: 'drop_after_accept*1' }) }),
  });
  const run = await harness.research.start({
    steps: [{ id: 'a', prompt: 'Explain Raft.', maxOutputTokens: 1_000 }],
    budget: { tokens: 1_500 },
  });
  const paused = await untilPaused(run);
  const [lost] = (await run.ledger())?.ambiguous ?? [];
  expect(paused.usage.output).toBe(0);
  expect(paused.budget?.counted.tokens).toBe(lost?.worstTokens);
  expect(await createdSteps(run)).toEqual(['a']);
  await raise(run, { tokens: 2_500 });
  expect(await run.result()).toMatchObject({ outcome: 'completed', ledger: { total: { creates: 2 } } });
});

test('a failed response whose replacement has no room is a failure, and not skipped', async () => {
  harness = await startHarness({
    seconds: 0,
    deps: (provider) => ({ provider: withFaults(provider, { a: 'failed:server_error*1' }) }),
  });
  const run = await harness.research.start({
    steps: [{ id: 'a', prompt: 'Explain Raft.', maxOutputTokens: 1_000 }],
    budget: { tokens: 1_020, onExhausted: 'stop' },
  });
  await expect(run.result()).rejects.toMatchObject({
    failure: { message: expect.stringMatching(/a failed: BudgetExhausted: step "a"/) },
  });
  expect((await run.progress()).warnings).toEqual([expect.stringMatching(/^a: ResponseFailed: .*; creating it anew$/)]);
});

test('what cannot be raised is refused, with the state in the message', async () => {
  harness = await startHarness({ seconds: 0, emulator: { faults: ['long_queue:3600 where step_id=slow'] } });
  const bounded = await harness.research.start({ ...FAN, budget: { tokens: 700 } });
  const free = await harness.research.start({ steps: [{ id: 'slow', prompt: 'Explain Raft.' }] });
  await untilPaused(bounded);
  const refusals: [RunHandle, unknown, RegExp][] = [
    [free, { usd: 3 }, /this run has no budget/],
    [
      bounded,
      { tokens: 1 },
      /cannot be 1 tokens, since \d+ tokens is spent: the run is paused, with a budget of 700 tokens/,
    ],
    [bounded, { usd: 3 }, /"usd" cannot be raised, it is not bounded: the run is paused/],
    [bounded, {}, /raiseBudget is not valid: .*expected "usd", "tokens" or both/],
    [bounded, { tokens: 'many' }, /tokens: expected number, got "many"/],
  ];
  for (const [run, cap, message] of refusals)
    await expect(raise(run, cap)).rejects.toMatchObject({ cause: { message: expect.stringMatching(message) } });
  await free.cancel();
  await expect(bounded.raiseBudget({ tokens: 1 })).rejects.toBeInstanceOf(UpdateRefusedError);
  expect(await bounded.raiseBudget({ tokens: 100_000 })).toMatchObject({ tokens: 100_000 });
  expect((await bounded.result()).outcome).toBe('completed');
  await expect(bounded.raiseBudget({ tokens: 200_000 })).rejects.toThrow(/: has ended \(completed\)$/);
});

test('a model without a price cannot have a cap in USD, and may have one in tokens', async () => {
  harness = await startHarness({ seconds: 0, env: { OPENAI_MODEL: 'gpt-unpriced' } });
  const steps = [
    { id: 'a', prompt: 'Explain Raft.' },
    { id: 'b', prompt: 'Go on.', model: 'gpt-other' },
  ];
  const refused = await harness.research.start({ steps, budget: { usd: 1 } });
  await expect(refused.result()).rejects.toMatchObject({
    failure: {
      type: 'InvalidInput',
      message: expect.stringMatching(
        /budget\.usd: expected a model with a price.*got "gpt-unpriced".*steps\[1\]\.model: .*got "gpt-other"/,
      ),
    },
  });
  const counted = await harness.research.start({ steps, budget: { tokens: 100_000 } });
  expect((await counted.result()).outcome).toBe('completed');
});
