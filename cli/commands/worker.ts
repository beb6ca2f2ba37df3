import { installRuntime, runWorker, type WorkerReady } from '../../worker';
import { EXIT } from '../exit-codes';

/** Runs a worker that the environment alone configures, until SIGINT or SIGTERM. Returns the exit code. */
export async function worker(): Promise<number> {
  const log = installRuntime(process.env);
  await runWorker(process.env, (ready) => tell(log, ready));
  return EXIT.completed;
}

function tell(log: ReturnType<typeof installRuntime>, ready: WorkerReady): void {
  const { address, namespace, taskQueue, origin, deploymentVersion } = ready;
  log.info('worker polls', { taskQueue, address, namespace, origin, ...deploymentVersion });
  if (!deploymentVersion) return;
  const { deploymentName, buildId } = deploymentVersion;
  log.info(
    `it gets new runs once its build is current: temporal worker deployment set-current-version --deployment-name ${deploymentName} --build-id ${buildId}`,
  );
}
