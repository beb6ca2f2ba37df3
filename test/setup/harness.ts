import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { type ActivityDeps } from '../../activities';
import { ResearchClient } from '../../client';
import { dataConverterOf } from '../../codec';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../emulator';
import { createProvider, type Provider } from '../../openai';
import { createResearchWorker, readWorkerConfig, type ResearchWorkerOptions } from '../../worker';

export { advance as moveClock } from '../emulator/helpers';

/** Names no machine: recorded histories keep it. */
const IDENTITY = 'durable-research-test';

/** Built by `npm run build`: too large to be built again for the few tests that need it. */
const ENCRYPTING_BUNDLE = join(__dirname, '../../dist/workflow-bundle-encrypting.js');

/** A create as the emulator counted it. */
export interface CountedCreate {
  id: string;
  created_at: number;
  status: string;
  metadata: Record<string, string>;
  conversation: string | null;
  previous_response_id: string | null;
  input_bytes: number;
}

/** An emulator, a worker in this process on a task queue of its own, and a client, against the shared Temporal server. */
export interface Harness {
  emulator: Emulator;
  research: ResearchClient;
  taskQueue: string;
  home: string;
  /** Every create that the emulator accepted for a run. */
  creates(workflowId: string): Promise<CountedCreate[]>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  /** Duration of every response in real seconds. Default 0.2. */
  seconds?: number;
  env?: NodeJS.ProcessEnv;
  emulator?: Partial<EmulatorOptions>;
  taskQueue?: string;
  deps?: (provider: Provider) => Partial<ActivityDeps>;
  worker?: Partial<ResearchWorkerOptions>;
}

export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set; the tests of this folder run in the jest project "temporal"`);
  return value;
}

export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const { seconds = 0.2, env = {}, deps, worker = {}, taskQueue = `test-${randomUUID()}` } = options;
  const home = await mkdtemp(join(tmpdir(), 'durable-research-test-'));
  const address = required('TEST_TEMPORAL_ADDRESS');
  const emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds, ...options.emulator });
  const config = readWorkerConfig({
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: emulator.url,
    DURABLE_RESEARCH_ORIGIN: `emulator:${emulator.instanceId}`,
    DURABLE_RESEARCH_HOME: home,
    TEMPORAL_TASK_QUEUE: taskQueue,
    ...env,
  });
  const encrypts = config.encryptionKeys.length > 0;
  const native = await NativeConnection.connect({ address });
  const { worker: temporalOptions, ...rest } = worker;
  const research = await createResearchWorker({
    config,
    connection: native,
    namespace: 'default',
    deps: deps?.(createProvider(config.provider)),
    worker: {
      ...(rest.workflowsPath === undefined && {
        workflowBundle: { codePath: encrypts ? ENCRYPTING_BUNDLE : required('TEST_WORKFLOW_BUNDLE') },
      }),
      identity: IDENTITY,
      ...temporalOptions,
    },
    ...rest,
  });
  const running = research.run();
  const connection = await Connection.connect({ address });
  const client = new ResearchClient(
    new Client({ connection, identity: IDENTITY, dataConverter: dataConverterOf(config.encryptionKeys) }),
    taskQueue,
  );
  return {
    emulator,
    research: client,
    taskQueue,
    home,
    creates: (workflowId) => countCreates(emulator, workflowId),
    async close() {
      research.shutdown();
      await running;
      await connection.close();
      await native.close();
      await emulator.close();
      // A look that is under way while the worker ends may still write.
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export async function countCreates(emulator: Emulator, workflowId: string): Promise<CountedCreate[]> {
  const url = new URL('/emulator/creates', emulator.url);
  url.searchParams.set('metadata[workflow_id]', workflowId);
  const answer = await fetch(url, { headers: { authorization: 'Bearer test' } });
  if (!answer.ok) throw new Error(`the emulator answered ${answer.status} to ${url.pathname}`);
  return ((await answer.json()) as { data: CountedCreate[] }).data;
}

/** Asks the emulator for faults in the steps named: `{ explain: 'failed:server_error*1' }`. */
export function withFaults(provider: Provider, faults: Record<string, string>): Provider {
  return {
    ...provider,
    createResponse: (body, timeoutMs) => {
      const metadata = body['metadata'] as Record<string, string>;
      const fault = faults[metadata['step_id'] ?? ''];
      const key = `${metadata['workflow_id']}/${metadata['step_id']}`;
      const asked = fault === undefined ? {} : { emulator_fault: fault, emulator_fault_key: key };
      return provider.createResponse({ ...body, metadata: { ...metadata, ...asked } }, timeoutMs);
    },
  };
}

/** Waits until a condition holds; throws with its name after 30 s. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > giveUpAt) throw new Error(`did not happen within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
