import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ResearchClient, type RunHandle } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { identifyProcess, isRunning, type ProcessId } from '../../local/processes';
import { countCreates, required, until } from '../setup/harness';
import { startWorkerProcess, type WorkerProcess } from '../setup/worker-process';

let home: string;
let emulator: Emulator;
let connection: Connection;
let worker: WorkerProcess | undefined;
const taskQueue = `mcp-${randomUUID()}`;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-mcp-'));
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: 0.05 });
  connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
});
afterEach(async () => {
  await worker?.kill('SIGKILL');
});
afterAll(async () => {
  await connection.close();
  await emulator.close();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

const effects = (): string => join(home, 'effects');
const lines = (): string[] => (existsSync(effects()) ? readFileSync(effects(), 'utf8').trim().split('\n') : []);
/** Every call that reached a program: its key. */
const calls = (): string[] => lines().flatMap((line) => (line.startsWith('hang ') ? [line.slice(5)] : []));
/** Every program that was started. */
const programs = (): number[] =>
  lines().flatMap((line) => (line.startsWith('started ') ? [Number(line.split(' ')[1])] : []));

/** Two programs, whose tools answer or do not; `env` is theirs. */
async function startWorker(env: Record<string, string>): Promise<WorkerProcess> {
  const server = {
    command: process.execPath,
    args: [join(__dirname, '../fixtures/mcp-server.js')],
    env: { NOTES_EFFECTS: effects(), ...env },
    allowedTools: ['hang'],
    timeout: '10m',
  };
  const file = join(home, 'mcp.json');
  await writeFile(file, JSON.stringify({ mcpServers: { once: server, again: { ...server, idempotent: true } } }));
  // A worker that is told to stop waits for its calls a little longer than for a create.
  const settings = { DURABLE_RESEARCH_MCP: file, DURABLE_RESEARCH_CREATE_TIMEOUT: '10s' };
  return startWorkerProcess({ emulator, home, taskQueue, env: settings });
}

/** A run that has called both tools, neither of which has answered; and what its calls are known by. */
async function startCalls(): Promise<{ run: RunHandle; once: string; again: string; alive: ProcessId[] }> {
  await rm(effects(), { force: true });
  const asked = ['once__hang', 'again__hang'].map((name) => ({ name, arguments: {}, call_id: `call_${name}` }));
  const answered = { input: { regex: 'may have happened.*hang: done', flags: 's' } };
  await emulator.script.set({
    steps: [{ answer: { function_calls: asked } }, { expect: answered, answer: { text: 'Both told.' } }],
  });
  const research = new ResearchClient(new Client({ connection }), taskQueue);
  const run = await research.start({
    steps: [{ id: 'ask', prompt: 'Call both.', tools: ['mcp:once/hang', 'mcp:again/hang'] }],
  });
  const [once, again] = asked.map((call) => `${run.workflowId}/ask/1/${call.call_id}`) as [string, string];
  await until('both tools are at work', async () => calls().length === 2);
  expect(calls().toSorted()).toEqual([again, once]);
  const alive = programs().flatMap((pid) => identifyProcess(pid) ?? []);
  expect(alive).toHaveLength(2);
  return { run, once, again, alive };
}

/** Every call that was made, once another worker has ended the run; nothing of the dead one may be left by then. */
async function callsOnceEnded({ run, alive }: Awaited<ReturnType<typeof startCalls>>): Promise<string[]> {
  await until('the programs have ended', async () => !alive.some(isRunning));
  worker = await startWorker({ NOTES_ANSWERS: 'yes' });
  expect(await run.result()).toMatchObject({ outcome: 'completed', text: 'Both told.', ledger: { ambiguous: [] } });
  expect(await countCreates(emulator, run.workflowId)).toHaveLength(2);
  return calls().toSorted();
}

test('a worker killed in the middle of calls of MCP servers leaves no program behind, and no call happens unasked', async () => {
  worker = await startWorker({});
  const started = await startCalls();
  await worker.kill('SIGKILL');
  const { once, again } = started;
  expect(await callsOnceEnded(started)).toEqual([again, again, once]);
}, 180_000);

test('a worker that is told to stop ends programs that the end of their input does not end', async () => {
  worker = await startWorker({ NOTES_STAYS: 'yes' });
  const started = await startCalls();
  await worker.kill('SIGTERM');
  const { once, again } = started;
  expect(await callsOnceEnded(started)).toEqual([again, again, once]);
}, 180_000);
