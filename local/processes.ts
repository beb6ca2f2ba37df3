import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { codeOf } from './errors';

/**
 * A process that cannot be mistaken for a later one that was given the same pid: `started` is what the system says of
 * its start (on Linux the clock tick since boot, elsewhere the date that `ps` prints).
 */
export const processIdSchema = z.object({ pid: z.int().positive(), started: z.string().min(1) });
export type ProcessId = z.infer<typeof processIdSchema>;

/** Fields of `/proc/<pid>/stat`, counted from the first one after the command's name. */
const STATE_FIELD = 0;
const START_TIME_FIELD = 19;

function isNoSuchProcess(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ESRCH';
}

function readLinuxProcess(pid: number): { started: string; state: string } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (isNoSuchProcess(error)) return undefined;
    throw error;
  }
  // The name of the command stands in brackets and may itself hold brackets and blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { started: fields[START_TIME_FIELD] ?? '', state: fields[STATE_FIELD] ?? '' };
}

function readPosixProcess(pid: number): { started: string; state: string } | undefined {
  let line: string;
  try {
    line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch (error) {
    // ps ends with 1 when there is no such process.
    if (typeof error === 'object' && error !== null && 'status' in error && error.status === 1) return undefined;
    throw error;
  }
  const [state = '', ...started] = line.split(/\s+/);
  return { started: started.join(' '), state };
}

const readProcess = process.platform === 'linux' ? readLinuxProcess : readPosixProcess;

/** Identity of the process that has this pid now; undefined when none has. */
export function identifyProcess(pid: number): ProcessId | undefined {
  const found = readProcess(pid);
  return found && { pid, started: found.started };
}

/** Whether exactly this process still runs. One that ended and was not yet collected by its parent does not. */
export function isRunning(id: ProcessId): boolean {
  const found = readProcess(id.pid);
  return found !== undefined && found.started === id.started && !found.state.startsWith('Z');
}

/** Sends a signal to exactly this process; false when it no longer runs. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isRunning(id)) return false;
  try {
    return process.kill(id.pid, signal);
  } catch (error) {
    if (isNoSuchProcess(error)) return false;
    throw error;
  }
}

/** Kills exactly this process, with the whole process group if it leads one. */
function killProcess(id: ProcessId): void {
  if (!isRunning(id)) return;
  for (const target of [-id.pid, id.pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch (error) {
      if (!isNoSuchProcess(error)) throw error;
    }
  }
}

/** Waits until the process has ended; false when it still runs after `timeoutMs`. */
export async function waitForEnd(id: ProcessId, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(id)) {
    if (Date.now() >= deadline) return false;
    await sleep(25);
  }
  return true;
}

/**
 * Ends exactly this process: SIGTERM, then SIGKILL (to its group too) when it still runs after `graceMs`.
 * Says which it took; `gone` when it did not run any more.
 */
export async function terminate(id: ProcessId, graceMs: number): Promise<'gone' | 'terminated' | 'killed'> {
  if (graceMs > 0) {
    if (!signalProcess(id, 'SIGTERM')) return 'gone';
    if (await waitForEnd(id, graceMs)) return 'terminated';
  }
  if (!isRunning(id)) return 'gone';
  killProcess(id);
  await waitForEnd(id, 5_000);
  return 'killed';
}
