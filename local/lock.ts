import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isRunning, type ProcessId } from './processes';

/** A held lock. */
export interface Lock {
  release(): void;
}

const CLAIM = /^(\d+)@(.+)$/;

function claimOf(id: ProcessId): string {
  return `${id.pid}@${id.started}`;
}

function parseClaim(name: string): ProcessId | undefined {
  const match = CLAIM.exec(name);
  return match?.[1] && match[2] ? { pid: Number(match[1]), started: match[2] } : undefined;
}

/** Claims of other processes that run; those of ended ones are removed. */
function otherClaims(directory: string, own: string): ProcessId[] {
  const alive: ProcessId[] = [];
  for (const name of readdirSync(directory)) {
    const id = parseClaim(name);
    if (name === own || !id) continue;
    if (isRunning(id)) alive.push(id);
    else rmSync(path.join(directory, name), { force: true });
  }
  return alive;
}

/**
 * Tries once to take the lock `directory`. Returns the lock, or the processes that hold or want it now.
 *
 * A lock is a folder of claims, one file a process, named by pid and start time. Who has written a claim and then sees no
 * other of a running process holds the lock. Of two that try at once, the later to write sees the earlier's claim, so two
 * can never hold it; both may fail, and try again after a random pause. Nothing needs to be taken over from a killed
 * process: its claim names nobody who runs, and no other process will ever bear that name, so anyone may remove it.
 */
export function tryLock(directory: string): Lock | ProcessId[] {
  const self = identifyProcess(process.pid);
  if (!self) throw new Error('The system does not tell when this process was started.');
  mkdirSync(directory, { recursive: true });
  const own = claimOf(self);
  const file = path.join(directory, own);
  if (existsSync(file)) return [self];
  writeFileSync(file, '');
  const release = () => rmSync(file, { force: true });
  const others = otherClaims(directory, own);
  if (others.length === 0) return { release };
  release();
  return others;
}

/** Waits for the lock; `onWait` is called once, with the pid of a process that has it, when it is not free at once. */
export async function waitForLock(directory: string, onWait: (holderPid: number) => void): Promise<Lock> {
  let waiting = false;
  for (;;) {
    const result = tryLock(directory);
    if (!Array.isArray(result)) return result;
    const holder = result[0];
    if (holder && !waiting) onWait(holder.pid);
    waiting = true;
    await sleep(50 + Math.random() * 150);
  }
}
