import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entries } from './entries';
import { findTemporal } from './ladder';
import { rotateLog } from './log-file';
import { stackOf } from './running';
import { homeFiles, readState } from './state';

/** Thrown when the embedded parts did not start; the message holds the reason and names the log. */
export class LocalStartError extends Error {
  override readonly name = 'LocalStartError';
}

/** What a command asks for. */
export interface StartRequest {
  /** Absolute path of the home. */
  home: string;
  env: NodeJS.ProcessEnv;
  onProgress: (message: string) => void;
  entries: Entries;
}

/** A first start may build the workflows' bundle on a busy machine. */
export const START_TIMEOUT_MS = 5 * 60_000;
const POLL_MS = 50;

/** Spawns a supervisor that outlives this command. */
function spawnSupervisor({ home, env, entries }: StartRequest, executable: string | undefined): ChildProcess {
  const logFile = homeFiles.log(home, 'supervisor');
  mkdirSync(path.dirname(logFile), { recursive: true });
  rotateLog(logFile);
  const log = openSync(logFile, 'a', 0o600);
  try {
    const argument = JSON.stringify({ home, executable, entries });
    return spawn(process.execPath, [...entries.supervisor, argument], {
      env,
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

function endOfLog(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
}

function startError(home: string, pid: number | undefined): LocalStartError {
  const log = homeFiles.log(home, 'supervisor');
  const state = readState(home);
  const reason = state?.status === 'failed' && state.supervisor.pid === pid ? state.reason : endOfLog(log);
  return new LocalStartError(`The local services did not start. ${reason}\nThe log is ${log}`);
}

/**
 * Starts a supervisor and waits until it, or that of another command, is ready, or it was killed. Throws when it failed.
 */
export async function startSupervisor(request: StartRequest): Promise<void> {
  const { home, env, onProgress } = request;
  const found = await findTemporal({ env, onProgress });
  onProgress('starting the local services');
  const child = spawnSupervisor(request, found.kind === 'executable' ? found.path : undefined);
  const exit: { code?: number } = {};
  // One that was killed is no verdict on the settings: whoever called may try again.
  child.once('exit', (code) => (exit.code = code ?? 0));
  child.once('error', () => (exit.code = 1));
  child.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (exit.code === undefined) {
    if (stackOf(home, readState(home))) return;
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw startError(home, child.pid);
    }
    await sleep(POLL_MS);
  }
  if (exit.code !== 0) throw startError(home, child.pid);
}
