import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { type PipelineInput, ResearchClient, RunConflictError, type RunHandle } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { createProvider } from '../../openai';
import { createFileStore } from '../../store/files';
import { announceEnds } from '../../worker';
import { countCreates, moveClock, required, until } from '../setup/harness';
import { startWorkerProcess, type WorkerProcess } from '../setup/worker-process';

const HOUR_SECONDS = 3600;
const MINUTE_SECONDS = 60;
const CHAIN = Array.from({ length: 16 }, (_, i) => `c${i + 1}`);
const LAST = 'c16';

/** While the chain goes on, one response runs for an hour, one in a conversation too, and a person is asked. */
const PIPELINE: PipelineInput = {
  onAmbiguousCreate: 'ask',
  defaults: { deadline: '6h' },
  steps: [
    { id: 'long', prompt: 'Explain Paxos.' },
    { id: 'asked', prompt: 'Explain Raft.', after: [] },
    { id: 'say', prompt: 'Explain leases.', after: [], context: { strategy: 'conversation' } },
    ...CHAIN.map((id, i) => ({ id, prompt: `Go on, part ${i}.`, after: i === 0 ? [] : [CHAIN[i - 1] ?? ''] })),
    { id: 'more', prompt: 'Go on.', context: { strategy: 'conversation', from: ['say'] } },
    {
      id: 'write',
      prompt: 'Write it down.',
      context: { strategy: 'stateless', from: ['long', 'asked', 'more', LAST] },
    },
  ],
};

let home: string;
let emulator: Emulator;
let connection: Connection;
let worker: WorkerProcess;
const taskQueue = `continue-${randomUUID()}`;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-continue-'));
  const held = ['long', 'say'].map((step) => `long_queue:${HOUR_SECONDS} where step_id=${step}`);
  held.push(`long_queue:${MINUTE_SECONDS} where step_id=c8`);
  const faults = [...held, 'drop_after_accept*1 where step_id=asked'];
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: 0, faults });
  connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
  worker = await startWorker();
});
afterAll(async () => {
  await worker.kill('SIGKILL');
  await connection.close();
  await emulator.close();
  await rm(home, { recursive: true, force: true });
});

function startWorker(): Promise<WorkerProcess> {
  const env = { DURABLE_RESEARCH_HISTORY_EVENTS: '20', DURABLE_RESEARCH_BACKGROUND: 'full' };
  return startWorkerProcess({ emulator, home, taskQueue, env });
}

/** By the ids of workflow and activity alone, as every announcer does. */
async function announce({ client }: ResearchClient, responseId: string): Promise<void> {
  const provider = createProvider({ apiKey: 'test', baseURL: emulator.url });
  const announced = await announceEnds(client, { provider, store: createFileStore(home) })(responseId);
  expect(announced).toMatchObject({ outcome: 'completed' });
}

async function runIdOf(run: RunHandle): Promise<string> {
  return (await run.describe())?.runId ?? '';
}

test('what is open goes on in the next execution, also when a worker dies in between', async () => {
  const research = new ResearchClient(new Client({ connection }), taskQueue);
  const run = await research.start(PIPELINE, { workflowId: randomUUID(), startNew: true });
  const first = run.runId ?? '';
  const resting = await until('everything that is open rests in another execution', async () => {
    const { steps, waitingFor } = await run.progress();
    const isAsked = waitingFor.some((text) => text.startsWith('asked/1/create-1'));
    const held = steps.find(({ id }) => id === 'c8');
    return isAsked && held?.state === 'in_progress' && held;
  });
  const second = await runIdOf(run);
  expect(second).not.toBe(first);
  await worker.kill('SIGKILL');
  await moveClock(emulator, MINUTE_SECONDS);
  worker = await startWorker();
  await announce(research, resting.responseId ?? '');

  const before = await until('the chain has ended', async () => {
    const progress = await run.progress().catch(() => undefined);
    return progress?.steps.find(({ id }) => id === LAST)?.state === 'ended' && progress;
  });
  expect(await runIdOf(run)).not.toBe(second);
  expect(before.waitingFor).toContainEqual(
    expect.stringMatching(/^asked\/1\/create-1: the answer of create 1 was lost/),
  );
  const byId = new Map(before.steps.map((step) => [step.id, step]));
  expect(['long', 'say'].map((id) => byId.get(id)?.state)).toEqual(['in_progress', 'in_progress']);
  await expect(research.start(PIPELINE, { workflowId: run.workflowId })).resolves.toMatchObject({
    workflowId: run.workflowId,
  });
  const other = { steps: [{ id: 'a', prompt: 'x' }] };
  await expect(research.start(other, { workflowId: run.workflowId })).rejects.toThrow(RunConflictError);

  const decision = { id: 'asked/1/create-1', approve: true };
  await research.client.workflow.getHandle(run.workflowId).executeUpdate('decideApproval', { args: [decision] });
  await moveClock(emulator, HOUR_SECONDS);
  const result = await run.result();
  expect(result).toMatchObject({ outcome: 'completed', ledger: { reservedUsd: 0, possiblyRunning: [] } });
  expect(result.ledger.ambiguous).toMatchObject([{ stepId: 'asked', create: 1 }]);
  const creates = await countCreates(emulator, run.workflowId);
  const names = creates.map(({ metadata }) => `${metadata['step_id']}/${metadata['create']}`).toSorted();
  expect(names).toEqual([...PIPELINE.steps.map(({ id }) => `${id}/1`), 'asked/2'].toSorted());
  const conversations = new Set(creates.flatMap(({ conversation }) => conversation ?? []));
  expect(conversations.size).toBe(1);
}, 120_000);
