import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { ResearchClient } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { choosePort } from '../../local/ports';
import { required, until } from '../setup/harness';

const TASK_QUEUE = 'operation-of-a-worker';

let home: string;
let emulator: Emulator;
let worker: ChildProcess;
let metrics: string;
let health: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-operation-'));
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: 0.2 });
  [metrics, health] = (await Promise.all([choosePort(), choosePort()])).map((port) => `127.0.0.1:${port}`) as [
    string,
    string,
  ];
  worker = spawn(process.execPath, [join(__dirname, '../../dist/worker/main.js')], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      OPENAI_API_KEY: 'test',
      OPENAI_BASE_URL: emulator.url,
      DURABLE_RESEARCH_ORIGIN: `emulator:${emulator.instanceId}`,
      DURABLE_RESEARCH_HOME: home,
      DURABLE_RESEARCH_METRICS: metrics,
      DURABLE_RESEARCH_HEALTH: health,
      TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'),
      TEMPORAL_TASK_QUEUE: TASK_QUEUE,
    },
  });
  await once(createInterface({ input: worker.stdout! }), 'line');
});
afterAll(async () => {
  if (worker.exitCode === null && worker.signalCode === null) {
    worker.kill('SIGKILL');
    await once(worker, 'exit');
  }
  await emulator.close();
  await rm(home, { recursive: true, force: true });
});

async function healthz(): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`http://${health}/healthz`);
  return { status: answer.status, body: await answer.json() };
}

test('a worker serves its metrics and its health', async () => {
  const connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
  try {
    const run = await new ResearchClient(new Client({ connection }), TASK_QUEUE).start({
      steps: [{ id: 'explain', prompt: 'Explain Raft.' }],
    });
    const { ledger } = await run.result();
    expect(
      await until('the worker polls', async () => (await healthz()).status === 200 && (await healthz()).body),
    ).toEqual({
      state: 'RUNNING',
    });
    const text = await until('the step is counted', async () => {
      const seen = await (await fetch(`http://${metrics}/metrics`)).text();
      return seen.includes('durable_research_steps') && seen;
    });
    const lines = text.split('\n').filter((line) => line.startsWith('durable_research_'));
    const value = (name: string, ...tags: string[]): number => {
      const line = lines.find((one) => one.startsWith(name) && tags.every((tag) => one.includes(tag)));
      return Number(line?.split(' ').at(-1));
    };
    expect(value('durable_research_creates_total')).toBe(1);
    expect(value('durable_research_steps_total', 'outcome="completed"')).toBe(1);
    expect(value('durable_research_tokens_total', 'kind="output"')).toBe(ledger.total.usage.output);
    expect(value('durable_research_cost_usd_micros_total')).toBe(Math.round(ledger.total.usd * 1_000_000));
    expect(value('durable_research_wait_ms_count')).toBe(1);
    expect(text).toContain('temporal_workflow_completed');
    expect((await fetch(`http://${health}/other`)).status).toBe(404);
  } finally {
    await connection.close();
  }
});
