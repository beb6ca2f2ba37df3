import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Worker } from '@temporalio/worker';
import OpenAI from 'openai';
import { installRuntime } from '../../worker';
import { plainActivities } from './plain-activities';
import { tellReady, tellUsage } from './usage';

/** A worker of the plain chain, with the options that Temporal's SDK gives it. */
async function main(): Promise<void> {
  tellUsage();
  installRuntime(process.env);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const worker = await Worker.create({
    connection: await NativeConnection.connect(connectionOptions),
    namespace,
    taskQueue: process.env['TEMPORAL_TASK_QUEUE'] ?? '',
    workflowsPath: require.resolve('./plain-workflow'),
    activities: plainActivities(new OpenAI()),
  });
  const running = worker.run();
  tellReady();
  await running;
  process.exit(0);
}

void main();
