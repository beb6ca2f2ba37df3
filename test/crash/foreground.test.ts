import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ResearchClient } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { countCreates, moveClock, required, until } from '../setup/harness';
import { startWorkerProcess, type WorkerProcess } from '../setup/worker-process';

let emulator: Emulator;
let connection: Connection;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-crash-'));
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: 600, background: 'refuse' });
  connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
});
afterAll(async () => {
  await connection.close();
  await emulator.close();
  await rm(home, { recursive: true, force: true });
});

test('a worker killed in a foreground stream: booked as perhaps billed, and created again', async () => {
  const taskQueue = `crash-${randomUUID()}`;
  const victim = await startWorker(taskQueue);
  const run = await new ResearchClient(new Client({ connection }), taskQueue).start({
    steps: [{ id: 'explain', prompt: 'Explain Paxos.' }],
  });
  await until('it is read', async () => (await countCreates(emulator, run.workflowId)).length === 1);
  await victim.kill('SIGKILL');
  const successor = await startWorker(taskQueue);
  try {
    await until('it is created again', async () => (await countCreates(emulator, run.workflowId)).length === 2);
    await moveClock(emulator, 600);
    const { outcome, steps, ledger } = await run.result();
    expect(outcome).toBe('completed');
    expect(ledger.ambiguous).toEqual([
      expect.objectContaining({ stepId: 'explain', reason: expect.stringContaining('may have died') as string }),
    ]);
    const creates = await countCreates(emulator, run.workflowId);
    // A connection that is cut ends what ran in the foreground.
    expect(creates.map(({ status }) => status).toSorted()).toEqual(['cancelled', 'completed']);
    expect(steps['explain']).toMatchObject({
      resumable: false,
      responseIds: [creates.find(({ status }) => status === 'completed')?.id],
    });
  } finally {
    await successor.kill('SIGTERM');
  }
}, 120_000);

function startWorker(taskQueue: string): Promise<WorkerProcess> {
  return startWorkerProcess({ emulator, home, taskQueue, env: { DURABLE_RESEARCH_CREATE_TIMEOUT: '3s' } });
}
