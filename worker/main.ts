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
  const message = error instanceof Error ? error.message : String(error);
  // By itself it would not end: the runtime goes on collecting logs for a worker that never began.
  process.stderr.write(`${message}\n`, () => process.exit(1));
});
