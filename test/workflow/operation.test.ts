import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ResearchClient } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { choosePort } from '../../local/ports';
import { type GatewayProcess, startGatewayProcess } from '../setup/gateway-process';
import { moveClock, required, until } from '../setup/harness';
import { startWorkerProcess, type WorkerProcess } from '../setup/worker-process';

const TASK_QUEUE = 'operation-of-a-worker';
const HOUR_SECONDS = 3600;
const SECRET = `whsec_${Buffer.from('shared by provider and gateway').toString('base64')}`;
const PROMPT = 'Explain Raft to the marmot.';

let home: string;
let emulator: Emulator;
let worker: WorkerProcess;
let gateway: GatewayProcess;
let addresses: { worker: string; gateway: string; health: string };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-operation-'));
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: HOUR_SECONDS });
  const ports = await Promise.all([choosePort(), choosePort(), choosePort()]);
  const [one, two, three] = ports.map((port) => `127.0.0.1:${port}`) as [string, string, string];
  addresses = { worker: one, gateway: two, health: three };
  const env = {
    OPENAI_WEBHOOK_SECRET: SECRET,
    DURABLE_RESEARCH_LOG: 'json',
    DURABLE_RESEARCH_LOG_LEVEL: 'debug',
  };
  [worker, gateway] = await Promise.all([
    startWorkerProcess({
      emulator,
      home,
      taskQueue: TASK_QUEUE,
      env: { ...env, DURABLE_RESEARCH_METRICS: addresses.worker, DURABLE_RESEARCH_HEALTH: addresses.health },
    }),
    startGatewayProcess({
      ...env,
      OPENAI_BASE_URL: emulator.url,
      DURABLE_RESEARCH_HOME: home,
      DURABLE_RESEARCH_METRICS: addresses.gateway,
    }),
  ]);
  await fetch(new URL('/emulator/webhooks', emulator.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: gateway.url, signing_secret: SECRET }),
  });
});
afterAll(async () => {
  await gateway.stop();
  await worker.kill('SIGKILL');
  await emulator.close();
  await rm(home, { recursive: true, force: true });
});

async function healthz(): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`http://${addresses.health}/healthz`);
  return { status: answer.status, body: await answer.json() };
}

/** Value of the metric of that name and tags; NaN where there is none. */
async function scrape(address: string): Promise<(name: string, ...tags: string[]) => number> {
  const lines = (await (await fetch(`http://${address}/metrics`)).text()).split('\n');
  return (name, ...tags) => {
    const line = lines.find((one) => one.startsWith(name) && tags.every((tag) => one.includes(tag)));
    return Number(line?.split(' ').at(-1));
  };
}

type Line = Record<string, unknown> & { message: string };

function linesOf(log: readonly string[]): Line[] {
  return log.map((line) => JSON.parse(line) as Line);
}

test('worker and gateway serve what they did as metrics, and log it line by line', async () => {
  const connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
  try {
    const run = await new ResearchClient(new Client({ connection }), TASK_QUEUE).start({
      steps: [{ id: 'explain', prompt: PROMPT }],
    });
    await until('the run waits', async () => {
      const [pending] = (await run.describe())?.raw.pendingActivities ?? [];
      return pending?.activityId?.startsWith('await:') && pending.attempt === 2;
    });
    await moveClock(emulator, HOUR_SECONDS);
    const { ledger, steps, text } = await run.result();
    await fetch(gateway.url, { method: 'POST', body: '{}' });

    const { usage, usd } = ledger.total;
    const ofWorker = await until('the step is counted', async () => {
      const value = await scrape(addresses.worker);
      return value('durable_research_steps_total') === 1 && value;
    });
    expect(ofWorker('durable_research_steps_total', 'outcome="completed"')).toBe(1);
    expect(ofWorker('durable_research_creates_total')).toBe(ledger.total.creates);
    expect(ofWorker('durable_research_tokens_total', 'kind="input"')).toBe(usage.input);
    expect(ofWorker('durable_research_tokens_total', 'kind="output"')).toBe(usage.output);
    expect(ofWorker('durable_research_cost_usd_micros_total')).toBe(Math.round(usd * 1_000_000));
    expect(ofWorker('durable_research_wait_ms_count', 'status="completed"')).toBe(1);
    expect(ofWorker('durable_research_wait_ms_bucket', 'le="3600000"')).toBe(1);
    expect(ofWorker('durable_research_announcement_lag_ms_count', 'announced_by="webhook"')).toBe(1);
    expect(ofWorker('temporal_workflow_completed')).toBe(1);

    const ofGateway = await until('the webhooks are counted', async () => {
      const value = await scrape(addresses.gateway);
      return value('durable_research_webhooks_total', 'outcome="refused"') === 1 && value;
    });
    expect(ofGateway('durable_research_webhooks_total', 'outcome="completed"')).toBe(1);
    expect(ofGateway('durable_research_webhook_lag_ms_count', 'outcome="completed"')).toBe(1);

    const responseId = steps['explain']!.responseIds[0];
    const ids = { workflowId: run.workflowId, stepId: 'explain', responseId };
    const logged = await until('the end of the run is logged', async () => {
      const lines = linesOf(worker.log);
      return lines.some(({ message }) => message === 'run ended') && lines;
    });
    for (const message of ['create ended', 'wait ended', 'step ended'])
      expect(logged).toContainEqual(expect.objectContaining({ ...ids, message }));
    // What Temporal itself says of the activities of a step.
    expect(logged).toContainEqual(expect.objectContaining({ ...ids, message: 'Activity failed', level: 'DEBUG' }));
    expect(logged.filter(({ level }) => level === 'WARN' || level === 'ERROR')).toEqual([]);
    expect(linesOf(gateway.log)).toContainEqual(
      expect.objectContaining({ ...ids, message: 'webhook', outcome: 'completed', lagMs: expect.any(Number) }),
    );
    const all = [...worker.log, ...gateway.log].join('\n');
    for (const secret of [SECRET, 'marmot', text!.slice(0, 40)]) expect(all).not.toContain(secret);
  } finally {
    await connection.close();
  }
});

test('a worker and a gateway that serve say so', async () => {
  const seen = await until('the worker polls', async () => {
    const answer = await healthz();
    return answer.status === 200 && answer.body;
  });
  expect(seen).toEqual({ state: 'RUNNING' });
  expect((await fetch(`http://${addresses.health}/other`)).status).toBe(404);
  expect((await fetch(new URL('/healthz', gateway.url))).status).toBe(200);
});
