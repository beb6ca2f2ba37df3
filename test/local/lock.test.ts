import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LockedError, takeLock } from '../../local/lock';
import { fixtureCommand, until } from './harness';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'local-lock-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function contender() {
  const args = [...fixtureCommand('hold-lock.ts'), path.join(directory, 'lock'), path.join(directory, 'log')];
  return spawn(process.execPath, args, { stdio: 'inherit' });
}

test('is held by one process at a time, however many want it', async () => {
  const contenders = Array.from({ length: 5 }, contender);
  await Promise.all(contenders.map((child) => once(child, 'exit')));
  const lines = readFileSync(path.join(directory, 'log'), 'utf8').trim().split('\n');
  expect(lines).toHaveLength(contenders.length * 20 * 2);
  // Each says when it takes and when it gives back; nobody's take may stand between those of another.
  const alternating = lines
    .filter((line) => line.startsWith('take'))
    .flatMap((line) => [line, line.replace('take', 'release')]);
  expect(lines).toEqual(alternating);
});

test('is refused at once while somebody holds it, and free as soon as that process was killed', async () => {
  const lock = path.join(directory, 'lock');
  const holder = spawn(process.execPath, [...fixtureCommand('hold-lock.ts'), lock], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  await expect(takeLock(lock)).rejects.toThrow(LockedError);
  await expect(takeLock(lock)).rejects.toMatchObject({ holderPid: holder.pid });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const mine = await takeLock(lock);
  expect(readdirSync(lock)).toHaveLength(1);
  mine.release();
  expect(readdirSync(lock)).toHaveLength(0);
});

test('a claim of a process whose pid somebody else has now does not count', async () => {
  const lock = path.join(directory, 'lock');
  mkdirSync(lock);
  writeFileSync(path.join(lock, `${process.ppid}@1`), 'held');
  const mine = await takeLock(lock);
  expect(readdirSync(lock)).toHaveLength(1);
  mine.release();
});

test('waits for whoever has it when asked to', async () => {
  const lock = path.join(directory, 'lock');
  const first = await takeLock(lock);
  const waited: number[] = [];
  const second = takeLock(lock, { onWait: (pid) => waited.push(pid) });
  await until('it waits', () => waited.length === 1);
  first.release();
  (await second).release();
  expect(waited).toEqual([process.pid]);
});
