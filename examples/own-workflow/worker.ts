import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { createResearchWorker, readWorkerConfig } from 'durable-research/worker';
import { lookUpTerm } from './tools';

/** A worker with this folder's workflow and tool, until Ctrl-C. Settings come from the environment, as for any worker. */
async function main(): Promise<void> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  try {
    const research = await createResearchWorker({
      config: readWorkerConfig(process.env),
      connection,
      namespace,
      workflowsPath: require.resolve('./workflows'),
      tools: [lookUpTerm],
    });
    await research.run();
  } finally {
    await connection.close();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
