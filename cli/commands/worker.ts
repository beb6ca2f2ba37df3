import { installRuntime, runWorker, type WorkerReady } from '../../worker';
import { EXIT } from '../exit-codes';
import { note } from '../terminal';

/** Runs a worker that the environment alone configures, until SIGINT or SIGTERM. Returns the exit code. */
export async function worker(): Promise<number> {
  installRuntime(process.env);
  await runWorker(process.env, tell);
  return EXIT.completed;
}

function tell({ address, namespace, taskQueue, origin, deploymentVersion }: WorkerReady): void {
  note(`Worker polls "${taskQueue}" at ${address}, namespace "${namespace}", for provider ${origin}.`);
  if (!deploymentVersion) return;
  const { deploymentName, buildId } = deploymentVersion;
  note(`It is build "${buildId}" of deployment "${deploymentName}" and gets new runs once that build is current:`);
  note(`  temporal worker deployment set-current-version --deployment-name ${deploymentName} --build-id ${buildId}`);
}
