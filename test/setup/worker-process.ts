import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Emulator } from '../../emulator';
import { required } from './harness';

/** A worker in a process of its own, as `npm run build` made it. */
export interface WorkerProcess {
  /** What it wrote to standard error, line by line. */
  log: string[];
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

type Options = { emulator: Emulator; home: string; taskQueue: string; env?: NodeJS.ProcessEnv };

/** Resolves when the worker polls. */
export async function startWorkerProcess({ emulator, home, taskQueue, env }: Options): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [join(__dirname, '../../dist/worker/main.js')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      OPENAI_API_KEY: 'test',
      OPENAI_BASE_URL: emulator.url,
      DURABLE_RESEARCH_ORIGIN: `emulator:${emulator.instanceId}`,
      DURABLE_RESEARCH_HOME: home,
      TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'),
      TEMPORAL_TASK_QUEUE: taskQueue,
      ...env,
    },
  });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const ready = once(createInterface({ input: child.stdout }), 'line');
  await Promise.race([ready, once(child, 'exit')]);
  if (hasEnded(child)) throw new Error(`the worker ended: ${log.join('\n')}`);
  return {
    log,
    async kill(signal) {
      if (hasEnded(child)) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
