import { randomUUID } from 'node:crypto';
import { recentRuns } from '../../cli/find-run';
import { type PipelineInput, type PipelineResult, RunCancelledError, type RunHandle } from '../../client';
import { progressSchema } from '../../contract/progress';
import { type Provider, type ProviderResponse } from '../../openai';
import { stopLeftResponses } from '../../worker';
import { type Harness, startHarness, until, withFaults } from '../setup/harness';

/** So few events that a run of a dozen steps goes on several times. */
const LOW = { DURABLE_RESEARCH_HISTORY_EVENTS: '20' };

let harness: Harness;
afterEach(() => harness.close());

const FORMAT = {
  type: 'object',
  properties: { title: { type: 'string' } },
  required: ['title'],
  additionalProperties: false,
};

/** Every kind of thing that later steps need of earlier ones. */
const TWELVE: PipelineInput = {
  input: { topic: 'consensus' },
  maxParallel: 3,
  steps: [
    { id: 'plan', prompt: 'Plan a page on {{input.topic}}.', format: FORMAT },
    ...['Paxos', 'Raft', 'Zab'].map((name) => ({ id: name, prompt: `Explain ${name}.`, after: ['plan'] })),
    { id: 'compare', prompt: 'Compare them.', context: { strategy: 'stateless', from: ['Paxos', 'Raft', 'Zab'] } },
    { id: 'say', prompt: 'Explain leases.', context: { strategy: 'conversation', from: ['compare'] } },
    { id: 'more', prompt: 'Go on.', context: { strategy: 'conversation', from: ['say'] } },
    { id: 'chained', prompt: 'And now shorter.', context: { strategy: 'previous_response', from: ['more'] } },
    { id: 'quoted', prompt: 'Explain {{steps.plan.json.title}} with {{steps.Raft.text}}.', after: ['chained'] },
    { id: 'refused', prompt: 'Explain what is refused.', after: ['quoted'] },
    { id: 'skipped', prompt: 'Go on.', after: ['refused'] },
    {
      id: 'write',
      prompt: 'Write it all down.',
      context: { strategy: 'stateless', from: 'all' },
      format: FORMAT,
      onMissing: 'note',
    },
  ],
};

async function executions({ workflowId }: RunHandle): Promise<number> {
  let count = 0;
  for await (const _ of harness.research.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) count += 1;
  return count;
}

const FAULTS = { compare: 'drop_after_accept*1', refused: 'failed:invalid_prompt' };

function withoutReasoning(provider: Provider): Provider {
  return {
    ...provider,
    createResponse: async (body, timeoutMs) => strip(await provider.createResponse(body, timeoutMs)),
    retrieveResponse: async (responseId) => strip(await provider.retrieveResponse(responseId)),
  };
}

/** The emulator draws the tokens of reasoning by the response's id. */
function strip({ usage, ...response }: ProviderResponse): ProviderResponse {
  const reasoning = usage?.output_tokens_details?.reasoning_tokens ?? 0;
  const output = (usage?.output_tokens ?? 0) - reasoning;
  return { ...response, usage: usage && { ...usage, output_tokens: output, output_tokens_details: undefined } };
}

function start(env: NodeJS.ProcessEnv = {}): Promise<Harness> {
  return startHarness({
    seconds: 0,
    env: { DURABLE_RESEARCH_BACKGROUND: 'full', ...env },
    deps: (provider) => ({ provider: withFaults(withoutReasoning(provider), FAULTS) }),
  });
}

/** What two runs of the same input have in common: everything but the ids that the provider gives. */
function withoutIds(result: PipelineResult): unknown {
  return JSON.parse(JSON.stringify(result).replaceAll(/(resp|conv|emu)_\w+/g, '$1'));
}

/** One response runs for an hour while a chain goes on beside it. */
async function startLong(): Promise<RunHandle> {
  const chain = Array.from({ length: 8 }, (_, i) => ({ id: `c${i}`, prompt: 'Go on.', ...(i === 0 && { after: [] }) }));
  const faults = ['long_queue:3600 where step_id=long', 'long_queue:3600 where step_id=c7'];
  // The first step of the chain ends before so many events.
  const env = { DURABLE_RESEARCH_HISTORY_EVENTS: '40' };
  harness = await startHarness({ seconds: 0, env, emulator: { faults } });
  const run = await harness.research.start(
    { steps: [{ id: 'long', prompt: 'Explain Paxos.' }, ...chain] },
    { workflowId: `long-${randomUUID()}`, startNew: true },
  );
  await until('the run goes on in another execution', async () => (await run.describe())?.runId !== run.runId);
  return run;
}

async function statuses({ workflowId }: RunHandle): Promise<Set<string>> {
  return new Set((await harness.creates(workflowId)).map(({ status }) => status));
}

test('a cancel of the first execution cancels the run, and it is listed once', async () => {
  const run = await startLong();
  const first = harness.research.client.workflow.getHandle(run.workflowId, run.runId);
  const seen = progressSchema.parse(await first.query('progress'));
  expect(seen.steps.filter(({ state }) => state === 'ended').map(({ id }) => id)).toContain('c0');
  const { version, steps } = await run.progress({ since: seen.version });
  expect(version).toBeGreaterThan(seen.version);
  // It ended in the first execution: nothing new to whoever has seen that.
  expect(steps.map(({ id }) => id)).not.toContain('c0');
  await run.cancel();
  await expect(run.result()).rejects.toThrow(RunCancelledError);
  expect([...(await statuses(run))].filter((status) => !['completed', 'cancelled'].includes(status))).toEqual([]);
  expect(await run.ledger()).toMatchObject({ reservedUsd: 0, possiblyRunning: [] });
  const listed = await until('the run is listed', async () => {
    const runs = await recentRuns(harness.research);
    return runs.some(({ status }) => status.name === 'CANCELLED') && runs;
  });
  expect(listed.map(({ workflowId }) => workflowId)).toEqual([run.workflowId]);
});

test('what a terminated run left behind is found in what its last execution was handed', async () => {
  const run = await startLong();
  await until('the last step runs', async () => {
    const { steps } = await run.progress();
    return steps.at(-1)?.state === 'in_progress';
  });
  await harness.research.client.workflow.getHandle(run.workflowId).terminate('a test');
  const env = { OPENAI_API_KEY: 'test', OPENAI_BASE_URL: harness.emulator.url };
  const { stopped, unanswered } = await stopLeftResponses(env, harness.research.client, run.workflowId);
  expect(stopped.map(({ stepId, status }) => `${stepId} ${status}`).toSorted()).toEqual([
    'c7 cancelled',
    'long cancelled',
  ]);
  expect(unanswered).toEqual([]);
});

test('nobody but an execution before it may give a second argument', async () => {
  harness = await startHarness();
  const args = [{ steps: [{ id: 'a', prompt: 'x' }] }, { run: {}, ended: [] }];
  const options = { args, workflowId: randomUUID(), taskQueue: harness.taskQueue };
  await expect(harness.research.client.workflow.execute('pipeline', options)).rejects.toMatchObject({
    cause: { type: 'InvalidInput', message: expect.stringMatching(/expected one object argument, got 2 arguments/) },
  });
});

test('a run that goes on in new executions ends as one that does not', async () => {
  harness = await start(LOW);
  const other = await start();
  const undisturbed = await other.research.start(TWELVE);
  const run = await harness.research.start(TWELVE);
  const [expected, result] = await Promise.all([undisturbed.result(), run.result()]);
  await other.close();
  expect(withoutIds(result)).toEqual(withoutIds(expected));
  expect(await executions(run)).toBeGreaterThan(3);
  const creates = await harness.creates(run.workflowId);
  expect(new Set(creates.map(({ metadata }) => `${metadata['step_id']}/${metadata['create']}`)).size).toBe(
    creates.length,
  );
  expect(creates).toHaveLength(result.ledger.total.creates);
  expect(result.ledger.ambiguous).toMatchObject([{ stepId: 'compare', create: 1 }]);
});

test('the JSON of the only answer is the result, also when it was there executions ago', async () => {
  harness = await start(LOW);
  const chain = ['c1', 'c2', 'c3', 'c4', 'refused'].map((id) => ({ id, prompt: 'Explain Raft.' }));
  const run = await harness.research.start({
    steps: [
      { id: 'answer', prompt: 'Explain Paxos.', format: FORMAT },
      { id: 'c0', prompt: 'Explain Raft.', after: [] },
      ...chain,
    ],
  });
  expect(await run.result()).toMatchObject({ outcome: 'partial', json: { title: expect.any(String) } });
  expect(await executions(run)).toBeGreaterThan(1);
});
