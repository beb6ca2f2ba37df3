import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { identifyProcess, terminate, type ProcessId } from './processes';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it had to be ended although nobody asked for that. */
  error?: Error | undefined;
}

/** A child process that does not outlive this one, whatever ends this one. */
export interface KeptProcess {
  id: ProcessId;
  /** Settles once, when the process has ended and all it wrote was read; never rejects. */
  exited: Promise<Exit>;
  /** SIGTERM, after `graceMs` SIGKILL; settles when the process has ended. */
  stop(graceMs: number): Promise<void>;
}

export interface KeptProcessOptions {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** Called for each line that the process writes. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

/**
 * Reads until this process closes the pipe, which the system does for it even after SIGKILL, then kills the group that
 * the child leads. A shell of its own, because nothing inside a killed process can still act.
 */
const WATCHDOG = 'read -r _; kill -s KILL -- "-$0"';

/** Words for an exit, to stand after the name of what has ended. */
export function describeExit(exit: Exit): string {
  if (exit.error)
    return `was ended, since the \`sh\` that watches over it could not be started (${exit.error.message})`;
  return exit.signal ? `was ended by ${exit.signal}` : `ended with code ${String(exit.code)}`;
}

function readLines(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream) createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}

function watchOver(pid: number): ChildProcess {
  const watchdog = spawn('sh', ['-c', WATCHDOG, String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  return watchdog;
}

/**
 * Starts a process in a group of its own (a Ctrl-C in the terminal does not reach it) and a watchdog that kills it when
 * this process is gone. Throws when it cannot be started.
 */
export async function startKept(options: KeptProcessOptions): Promise<KeptProcess> {
  const child = spawn(options.command, options.args, {
    env: options.env,
    cwd: options.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const failure = new Promise<Error>((resolve) => child.once('error', resolve));
  if (child.pid === undefined) throw await failure;

  const watchdog = watchOver(child.pid);
  const id = identifyProcess(child.pid) ?? { pid: child.pid, started: 'unknown' };
  let unwatched: Error | undefined;
  watchdog.once('error', (error) => {
    unwatched = error;
    void terminate(id, 0);
  });
  readLines(child.stdout, (line) => options.onLine?.(line, 'stdout'));
  readLines(child.stderr, (line) => options.onLine?.(line, 'stderr'));

  const exited = new Promise<Exit>((resolve) => {
    // The watchdog goes first: it must not act on a pid that the system may give to somebody else.
    child.once('exit', () => watchdog.kill('SIGKILL'));
    child.once('close', (code, signal) => resolve({ code, signal, error: unwatched }));
  });
  return {
    id,
    exited,
    stop: async (graceMs) => {
      await terminate(id, graceMs);
      await exited;
    },
  };
}
