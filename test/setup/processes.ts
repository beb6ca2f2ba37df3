import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { required } from './harness';

/** A process of the compiled code. */
export interface Started {
  child: ChildProcess;
  pid: number;
  /** Its first line on standard output: it is ready. */
  line: string;
  /** What it ended with: an exit code or a signal. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts a program of `dist/` against the shared Temporal server, and waits until it is ready. */
export async function startProcess(program: readonly string[], env: NodeJS.ProcessEnv): Promise<Started> {
  const [file = '', ...args] = program;
  const child = spawn(process.execPath, [join(__dirname, '../../dist', file), ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'), ...env },
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  );
  const failed = ended.then((how) => Promise.reject(new Error(`${file} ended with ${how} before it was ready`)));
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed])) as [string];
  return { child, pid: child.pid ?? 0, line, ended };
}

/** Ends what a test left running. */
export async function killProcess({ child, ended }: Started): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}
