import { installRuntime, runWorker } from '../../worker';
import { EXIT } from '../exit-codes';
import { note } from '../terminal';

/** Runs a worker that the environment alone configures, until SIGINT or SIGTERM. Returns the exit code. */
export async function worker(): Promise<number> {
  installRuntime(process.env);
  await runWorker(process.env, ({ address, namespace, taskQueue, origin }) =>
    note(`Worker polls "${taskQueue}" at ${address}, namespace "${namespace}", for provider ${origin}.`),
  );
  return EXIT.completed;
}
