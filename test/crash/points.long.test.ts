import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { type PipelineInput, ResearchClient } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { countCreates, required, until } from '../setup/harness';

/** Long enough for a worker of eleven on a busy machine to see a response that has not ended. */
const SECONDS = 6;

let emulator: Emulator;
let connection: Connection;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-crash-'));
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: SECONDS });
  connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
});
afterAll(async () => {
  await connection.close();
  await emulator.close();
  await rm(home, { recursive: true, force: true });
});

/** Two steps in a conversation: every kind of activity is at work. */
const PIPELINE: PipelineInput = {
  steps: [
    { id: 'explain', prompt: 'Explain Paxos.' },
    { id: 'compare', prompt: 'Compare to Raft.', context: { strategy: 'conversation', from: ['explain'] } },
  ],
};

/**
 * Every named point at which a worker can die. Only where the POST may be on its way is a create ambiguous; where it was
 * accepted too, one more is paid, and that is booked.
 */
test.concurrent.each<[point: string, creates: number, ambiguous: number]>([
  ['before provider.createConversation', 2, 0],
  ['after provider.createConversation', 2, 0],
  ['before store.putPrompt', 2, 0],
  ['after store.putPrompt', 2, 0],
  ['before provider.createResponse', 2, 1],
  ['after provider.createResponse', 3, 1],
  ['before provider.retrieveResponse', 2, 0],
  ['after provider.retrieveResponse (in_progress)', 2, 0],
  ['after provider.retrieveResponse (completed)', 2, 0],
  ['before store.putOutput', 2, 0],
  ['after store.putOutput', 2, 0],
])(
  'a worker killed %s: %i creates, %i ambiguous',
  async (point, creates, ambiguous) => {
    const workerHome = await mkdtemp(join(home, 'worker-'));
    const taskQueue = `crash-${randomUUID()}`;
    const run = await new ResearchClient(new Client({ connection }), taskQueue).start(PIPELINE);
    const victim = startWorker({ point, workerHome, taskQueue });
    const died = new Promise((resolve) => victim.once('exit', (_code, signal) => resolve(signal)));
    await until(`the worker dies ${point}`, async () => existsSync(join(workerHome, 'crashed')));
    expect(await died).toBe('SIGKILL');
    const successor = startWorker({ point, workerHome, taskQueue });
    try {
      const result = await run.result();
      expect(result.outcome).toBe('completed');
      expect(result.text).toMatch(/Raft/);
      expect(await countCreates(emulator, run.workflowId)).toHaveLength(creates);
      expect(result.ledger.ambiguous).toHaveLength(ambiguous);
      expect(result.ledger.total.creates).toBe(2 + ambiguous);
    } finally {
      await stop(successor);
    }
  },
  150_000,
);

function startWorker({
  point,
  workerHome,
  taskQueue,
}: {
  point: string;
  workerHome: string;
  taskQueue: string;
}): ChildProcess {
  return spawn(process.execPath, [join(__dirname, 'crashing-worker.js')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      CRASH_AT: point,
      TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'),
      TEMPORAL_TASK_QUEUE: taskQueue,
      OPENAI_API_KEY: 'test',
      OPENAI_BASE_URL: emulator.url,
      DURABLE_RESEARCH_ORIGIN: `emulator:${emulator.instanceId}`,
      DURABLE_RESEARCH_HOME: workerHome,
      DURABLE_RESEARCH_CREATE_TIMEOUT: '5s',
    },
  });
}

async function stop(worker: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.kill('SIGTERM');
  await ended;
}
