import { type WorkerDeploymentVersion } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { ConfigurationError, readWorkerConfig } from './config';
import { createResearchWorker } from './create-worker';
import { serveHealth } from './health';
import { readTelemetry } from './telemetry';

/** What a started worker says about itself. */
export type WorkerReady = {
  ready: true;
  taskQueue: string;
  namespace: string;
  address: string;
  origin: string;
  /** Absent for a worker without a version. */
  deploymentVersion?: WorkerDeploymentVersion;
  pid: number;
};

/**
 * Runs a worker that is configured by the environment alone, until it is told to shut down (SIGINT, SIGTERM).
 * @throws ConfigurationError when a setting is missing or the Temporal server cannot be reached.
 */
export async function runWorker(env: NodeJS.ProcessEnv, onReady: (ready: WorkerReady) => void): Promise<void> {
  const config = readWorkerConfig(env);
  const { health } = readTelemetry(env);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? '127.0.0.1:7233';
  const connection = await connect(connectionOptions, address);
  try {
    const research = await createResearchWorker({ config, connection, namespace });
    if (health) await serveHealth(research.worker, health);
    process.once('disconnect', () => research.shutdown());
    const running = research.run();
    onReady({
      ready: true,
      taskQueue: config.taskQueue,
      namespace,
      address,
      origin: research.origin,
      deploymentVersion: config.deploymentVersion,
      pid: process.pid,
    });
    await running;
  } finally {
    await connection.close();
  }
}

async function connect(
  options: Parameters<typeof NativeConnection.connect>[0],
  address: string,
): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(options);
  } catch (error) {
    throw new ConfigurationError(
      `Temporal cannot be reached at ${address}; start a server there or set TEMPORAL_ADDRESS (${String(error)})`,
      { cause: error },
    );
  }
}
