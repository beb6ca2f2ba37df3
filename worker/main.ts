import { installRuntime } from './install-runtime';
import { runWorker, type WorkerReady } from './run-worker';

/** Standard output carries one line, which says that the worker polls. */
function tell(ready: WorkerReady): void {
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

async function main(): Promise<void> {
  installRuntime(process.env);
  await runWorker(process.env, tell);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  if (process.connected) process.disconnect();
});
