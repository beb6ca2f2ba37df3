import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

interface Rival {
  id: ProcessId;
  /** Whether it has the lock, or only tries to get it just now. */
  holds: boolean;
}

/** Claims of other processes that run; those of ended ones are removed. */
function findRivals(directory: string, own: string): Rival[] {
  const rivals: Rival[] = [];
  for (const name of readdirSync(directory)) {
    const id = parseClaim(name);
    const file = path.join(directory, name);
    if (name === own || !id) continue;
    if (isRunning(id)) rivals.push({ id, holds: (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0 });
    else rmSync(file, { force: true });
  }
  return rivals;
}

/**
 * Tries once to take the lock `directory`. Returns the lock, or the processes that hold or want it now.
 *
 * A lock is a folder of claims, one file a process, named by pid and start time. Who has written a claim and then sees no
 * other of a running process holds the lock. Of two that try at once, the later to write sees the earlier's claim, so two
 * can never hold it; both may fail, and try again after a random pause. Nothing needs to be taken over from a killed
 * process: its claim names nobody who runs, and no other process will ever bear that name, so anyone may remove it.
 */
function tryLock(directory: string): Lock | Rival[] {
  const self = identifyProcess(process.pid);
  if (!self) throw new Error('The system does not tell when this process was started.');
  mkdirSync(directory, { recursive: true });
  const own = claimOf(self);
  const file = path.join(directory, own);
  if (existsSync(file)) return [{ id: self, holds: true }];
  writeFileSync(file, '');
  const release = () => rmSync(file, { force: true });
  const rivals = findRivals(directory, own);
  if (rivals.length > 0) {
    release();
    return rivals;
  }
  writeFileSync(file, 'held');
  return { release };
}

/** Thrown when another process has a lock. */
export class LockedError extends Error {
  override readonly name = 'LockedError';

  constructor(
    directory: string,
    readonly holderPid: number,
  ) {
    super(`${directory} is held by process ${holderPid}.`);
  }
}

export interface TakeLockOptions {
  /** Called once, with the pid of the process that has the lock; without it a lock that is held is an error at once. */
  onWait?: (holderPid: number) => void;
}

/** Takes the lock, if asked to after waiting for whoever has it. Throws `LockedError` when it is held. */
export async function takeLock(directory: string, { onWait }: TakeLockOptions = {}): Promise<Lock> {
  let waiting = false;
  for (;;) {
    const result = tryLock(directory);
    if (!Array.isArray(result)) return result;
    const holder = result.find((rival) => rival.holds);
    if (holder && !onWait) throw new LockedError(directory, holder.id.pid);
    if (holder && !waiting) {
      onWait?.(holder.id.pid);
      waiting = true;
    }
    await sleep(20 + Math.random() * 100);
  }
}
