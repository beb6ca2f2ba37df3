import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ResearchClient } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { countCreates, required, until } from '../setup/harness';
import { startWorkerProcess, type WorkerProcess } from '../setup/worker-process';

let home: string;
let emulator: Emulator;
let connection: Connection;
let server: Server;
let worker: WorkerProcess;
/** Every request of a tool: its name and its key. */
const attempts: string[] = [];
/** Requests without an answer so far; none any more once the worker has been killed. */
let held: ServerResponse[] | undefined = [];
const taskQueue = `tools-${randomUUID()}`;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-tools-'));
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: 0.05 });
  connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
  server = createServer((request, response) => {
    attempts.push(`${request.url?.slice(1)} ${request.headers['idempotency-key']?.toString()}`);
    if (held) held.push(response);
    else response.end('done');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  worker = await startWorker();
});
afterAll(async () => {
  await worker.kill('SIGKILL');
  await connection.close();
  await emulator.close();
  server.closeAllConnections();
  server.close();
  await rm(home, { recursive: true, force: true });
});

function startWorker(): Promise<WorkerProcess> {
  const env = {
    DURABLE_RESEARCH_TOOLS: join(__dirname, '../fixtures/counting-tools.js'),
    TEST_COUNTER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  };
  return startWorkerProcess({ emulator, home, taskQueue, env });
}

test('a worker killed in the middle of two calls: one is made again under its key, the other never', async () => {
  const calls = ['charge', 'send'].map((name) => ({ name, arguments: { amount: 5 }, call_id: `call_${name}` }));
  const answered = { input: { regex: 'done.*may have happened', flags: 's' } };
  await emulator.script.set({
    steps: [{ answer: { function_calls: calls } }, { expect: answered, answer: { text: 'Charged.' } }],
  });
  const research = new ResearchClient(new Client({ connection }), taskQueue);
  const run = await research.start({ steps: [{ id: 'ask', prompt: 'Charge and send.', tools: ['charge', 'send'] }] });
  await until('both tools are at work', async () => attempts.length === 2);
  await worker.kill('SIGKILL');
  held = undefined;
  worker = await startWorker();
  expect(await run.result()).toMatchObject({ outcome: 'completed', text: 'Charged.', ledger: { ambiguous: [] } });
  const keyOf = (name: string): string => `${run.workflowId}/ask/1/call_${name}`;
  const expected = ['charge', 'charge', 'send'].map((name) => `${name} ${keyOf(name)}`);
  expect(attempts.toSorted()).toEqual(expected);
  expect(await countCreates(emulator, run.workflowId)).toHaveLength(2);
});
