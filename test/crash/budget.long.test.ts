import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { ResearchClient, type RunHandle } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { FAN } from '../setup/fan';
import { countCreates, required, until } from '../setup/harness';
import { startWorkerProcess, type WorkerProcess } from '../setup/worker-process';

let home: string;
let emulator: Emulator;
let connection: Connection;
let worker: WorkerProcess;
const taskQueue = `budget-${randomUUID()}`;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-budget-'));
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: 0 });
  connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
  worker = await startWorkerProcess({ emulator, home, taskQueue });
});
afterAll(async () => {
  await worker.kill('SIGKILL');
  await connection.close();
  await emulator.close();
  await rm(home, { recursive: true, force: true });
});

/** The real CLI. */
async function raise(workflowId: string, cap: string): Promise<string> {
  const update = [
    'workflow',
    'update',
    'execute',
    '--workflow-id',
    workflowId,
    '--name',
    'raiseBudget',
    '--input',
    cap,
  ];
  const address = ['--address', required('TEST_TEMPORAL_ADDRESS')];
  const done = promisify(execFile)(required('TEST_TEMPORAL_CLI'), [...update, ...address]);
  // What it prints where the run refuses stands in the error.
  const { stdout, stderr } = await done.catch((error: { stdout: string; stderr: string }) => error);
  return stdout + stderr;
}

async function pausedAt(run: RunHandle): Promise<{ usd: number; waitingFor: string[] }> {
  return until('the run is paused', async () => {
    const progress = await run.progress();
    return progress.stage === 'paused' && progress;
  });
}

test('a paused run is the same after kill -9 of its worker, and the Temporal CLI raises it', async () => {
  const research = new ResearchClient(new Client({ connection }), taskQueue);
  const run = await research.start({ ...FAN, budget: { usd: 0.008 } });
  const before = await pausedAt(run);
  const creates = await countCreates(emulator, run.workflowId);
  await worker.kill('SIGKILL');
  worker = await startWorkerProcess({ emulator, home, taskQueue });
  const { usd, waitingFor } = await pausedAt(run);
  expect({ usd, waitingFor }).toEqual({ usd: before.usd, waitingFor: before.waitingFor });
  expect(await countCreates(emulator, run.workflowId)).toEqual(creates);
  const { currentDetails } = await metadata(research, run);
  expect(currentDetails).toMatch(/\*\*paused\*\*: budget: step "part-\d+" may cost up to/);
  expect(await raise(run.workflowId, '{"usd":0.001}')).toMatch(
    /the budget cannot be \$0\.0010, since \$0\.00\d\d is spent: the run is paused, with a budget of \$0\.0080/,
  );
  expect(await raise(run.workflowId, '{"usd":3}')).toMatch(/usd:3\]/);
  const result = await run.result();
  expect(result).toMatchObject({ outcome: 'completed', ledger: { total: { creates: FAN.steps.length } } });
  expect(await countCreates(emulator, run.workflowId)).toHaveLength(FAN.steps.length);
  expect(await raise(run.workflowId, '{"usd":4}')).toMatch(/already completed/);
}, 60_000);

/** What Temporal's UI and `temporal workflow metadata` show. */
async function metadata({ client }: ResearchClient, { workflowId }: RunHandle): Promise<{ currentDetails: string }> {
  return client.workflow.getHandle(workflowId).query('__temporal_workflow_metadata');
}
