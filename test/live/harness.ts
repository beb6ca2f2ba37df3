import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { ResearchClient } from '../../client';
import { createProvider, type Provider } from '../../openai';
import { createResearchWorker, readWorkerConfig, type WorkerConfig } from '../../worker';
import { required } from '../setup/harness';

/** A worker and a client against the provider that the environment names. */
export interface LiveHarness {
  research: ResearchClient;
  provider: Provider;
  config: WorkerConfig;
  close(): Promise<void>;
}

export async function startLiveHarness(): Promise<LiveHarness> {
  const home = await mkdtemp(join(tmpdir(), 'durable-research-live-'));
  const taskQueue = `live-${randomUUID()}`;
  const config = readWorkerConfig({ ...process.env, DURABLE_RESEARCH_HOME: home, TEMPORAL_TASK_QUEUE: taskQueue });
  const address = required('TEST_TEMPORAL_ADDRESS');
  const native = await NativeConnection.connect({ address });
  const research = await createResearchWorker({
    config,
    connection: native,
    namespace: 'default',
    worker: { workflowBundle: { codePath: required('TEST_WORKFLOW_BUNDLE') } },
  });
  const running = research.run();
  const connection = await Connection.connect({ address });
  return {
    research: new ResearchClient(new Client({ connection }), taskQueue),
    provider: createProvider(config.provider),
    config,
    async close() {
      research.shutdown();
      await running;
      await connection.close();
      await native.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
