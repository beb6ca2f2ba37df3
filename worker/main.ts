import { DefaultLogger, Runtime } from '@temporalio/worker';
import { runWorker } from './run-worker';

// Logs go to standard error; standard output carries one line, which says that the worker polls.
Runtime.install({ logger: new DefaultLogger('INFO') });
runWorker(process.env, (ready) => process.stdout.write(`${JSON.stringify(ready)}\n`)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  if (process.connected) process.disconnect();
});
