import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { ResearchClient, type RunHandle } from '../../client';
import { DEFAULT_TASK_QUEUE } from '../../contract/names';
import { type Emulator, startEmulator } from '../../emulator';
import { startTemporalServer, type TemporalServer } from '../../local';
import { createProvider, type Provider, ProviderError } from '../../openai';
import { createResearchWorker, readWorkerConfig, type ResearchWorker } from '../../worker';
import { countCreates, required, until } from '../setup/harness';

/** Requests a minute that the provider takes; as many at once. */
const PROVIDER_LIMIT = 90;
/** More than the provider takes, as where others use its account too: the headers have to hold creates back. */
const FLEET_LIMIT = 240;
const TENANTS = { large: 140, one: 20, two: 20, three: 20 };

let home: string;
let server: TemporalServer;
let emulator: Emulator;
let connection: Connection;
const workers: { research: ResearchWorker; running: Promise<void>; native: NativeConnection }[] = [];
/** What was sent to the provider. */
const posts = { all: 0, refused: 0 };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-limits-'));
  server = await startTemporalServer({ executable: required('TEST_TEMPORAL_CLI'), headless: true, fairness: true });
  emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: 0.2, rpm: PROVIDER_LIMIT });
  connection = await Connection.connect({ address: server.address });
  for (let started = 0; started < 2; started += 1) await startWorker();
}, 120_000);
afterAll(async () => {
  for (const { research } of workers) research.shutdown();
  for (const { running, native } of workers) {
    await running;
    await native.close();
  }
  await connection.close();
  await emulator.close();
  await server.stop();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}, 120_000);

/** Each has a provider of its own, as a process has. */
async function startWorker(): Promise<void> {
  const native = await NativeConnection.connect({ address: server.address });
  const config = readWorkerConfig({
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: emulator.url,
    DURABLE_RESEARCH_BACKGROUND: 'full',
    DURABLE_RESEARCH_HOME: home,
    DURABLE_RESEARCH_REQUESTS_PER_MINUTE: String(FLEET_LIMIT),
  });
  const research = await createResearchWorker({
    config,
    connection: native,
    namespace: 'default',
    deps: { provider: counting(createProvider(config.provider)) },
    worker: { workflowBundle: { codePath: required('TEST_WORKFLOW_BUNDLE') } },
  });
  workers.push({ research, running: research.run(), native });
}

function counting(provider: Provider): Provider {
  return {
    ...provider,
    async createResponse(body, timeoutMs, reading) {
      posts.all += 1;
      try {
        return await provider.createResponse(body, timeoutMs, reading);
      } catch (error) {
        if (error instanceof ProviderError && error.type === 'HeldBack') posts.all -= 1;
        if (error instanceof ProviderError && error.type === 'RateLimited') posts.refused += 1;
        throw error;
      }
    },
  };
}

function start(tenant: string, steps: number): Promise<RunHandle> {
  return new ResearchClient(new Client({ connection })).start(
    {
      steps: Array.from({ length: steps }, (_, i) => ({ id: `s${i}`, prompt: 'Explain Paxos.', after: [] })),
      maxParallel: 100,
      fairnessKey: tenant,
    },
    { workflowId: tenant },
  );
}

/** The real CLI, with the command of docs/limits.md: creates a second, `0` for none, `default` for what the workers say. */
async function setQueueLimit(limit: string): Promise<void> {
  const queue = ['--task-queue', `${DEFAULT_TASK_QUEUE}.creates`, '--task-queue-type', 'activity'];
  const rate = ['--queue-rps-limit', limit, '--queue-rps-limit-reason', 'test'];
  const command = ['task-queue', 'config', 'set', ...queue, ...rate, '--address', server.address];
  await promisify(execFile)(required('TEST_TEMPORAL_CLI'), command);
}

/** Every step that may be at work waits for its turn. */
function waits(run: RunHandle, steps: number): Promise<boolean> {
  return until(`${run.workflowId} waits for its turn`, async () => {
    // On a busy machine the answer may take longer than the client waits for it.
    const { waitingFor = [] } = (await run.progress().catch(() => undefined)) ?? {};
    return waitingFor.length === Math.min(20, steps);
  });
}

test('four tenants share the limits of two workers: hardly anything is refused, and nobody waits for the largest', async () => {
  await setQueueLimit('0');
  const runs: RunHandle[] = [];
  for (const [tenant, steps] of Object.entries(TENANTS)) {
    const run = await start(tenant, steps);
    // The creates of the large tenant are in the queue before the others come.
    await waits(run, steps);
    runs.push(run);
  }
  expect(posts.all).toBe(0);
  await setQueueLimit('default');
  const results = await Promise.all(runs.map((run) => run.result()));
  expect(results.map(({ outcome }) => outcome)).toEqual(['completed', 'completed', 'completed', 'completed']);

  const created = await Promise.all(Object.keys(TENANTS).map((tenant) => countCreates(emulator, tenant)));
  const lost = results.map(({ ledger }) => ledger.ambiguous.length);
  expect(created.map(({ length }, tenant) => length - lost[tenant]!)).toEqual(Object.values(TENANTS));
  expect(posts.refused / posts.all).toBeLessThan(0.05);

  const order = created
    .flatMap((creates, tenant) => creates.map(({ created_at: at }) => ({ tenant, at })))
    .toSorted((a, b) => a.at - b.at);
  const last = [1, 2, 3].map((tenant) => order.findLastIndex((create) => create.tenant === tenant));
  // Side by side with the large one they take 80 creates; one after the other they would come behind its first 100.
  expect(Math.max(...last)).toBeLessThan(120);
}, 300_000);
