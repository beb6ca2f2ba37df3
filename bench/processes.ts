import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** Linux counts CPU time in these (`getconf CLK_TCK`), on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a program of the bench says of itself when it is asked. */
const usageSchema = z.object({
  /** Retrieves by response id. */
  retrieves: z.record(z.string(), z.number()),
  /** Resident memory and the heap's used part after a garbage collection, in MB. */
  residentMb: z.number(),
  heapMb: z.number(),
});
export type Usage = z.infer<typeof usageSchema>;

/** A process of the bench. */
export interface Program {
  readonly pid: number;
  /** What its first line of output said. */
  readonly ready: Record<string, unknown>;
  /** Asks for its requests and its memory. */
  usage(): Promise<Usage>;
  /** `kill -9`, and waits for the end. */
  kill(): Promise<void>;
}

/**
 * Starts a program under Node and waits for its first line of output, which is JSON. It ends with the bench.
 * @throws with the end of its log when it ends before.
 */
export async function startProgram(
  file: string,
  { args = [], env = {} }: { args?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<Program> {
  const child = spawn(process.execPath, ['--expose-gc', file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-5_000)));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ended with code ${code}: ${log}`);
  });
  ended.catch(() => undefined);
  if (!child.stdout) throw new Error(`${file} has no standard output`);
  const [first] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])) as [string];
  return {
    pid: child.pid ?? 0,
    ready: z.record(z.string(), z.unknown()).parse(JSON.parse(first)),
    usage: () => ask(child),
    kill: () => end(child),
  };
}

async function ask(child: ChildProcess): Promise<Usage> {
  child.send('usage');
  const [answer] = (await once(child, 'message')) as [unknown];
  return usageSchema.parse(answer);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** CPU seconds that a process has used so far, all threads, user and system. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
