import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { parseJson } from './json';
import { describeExit, startKept, type Exit } from './kept-process';
import { LastLines } from './last-lines';
import type { ProcessId } from './processes';

/** A running child of the supervisor. */
export interface Service {
  process: ProcessId;
  /** Settles when it has ended, whoever ended it. */
  exited: Promise<Exit>;
  /** Ends it, gracefully at first, and waits for that. */
  stop(): Promise<void>;
}

/** Arguments for `node` that start a program, for example `['dist/worker/main.js']`. */
export type NodeProgram = readonly string[];

const POLL_MS = 25;

export interface NodeServiceOptions<Ready> {
  /** For messages: "The worker". */
  name: string;
  program: NodeProgram;
  args?: string[];
  env: NodeJS.ProcessEnv;
  /** The line of JSON on standard output with which the program says that it is ready. */
  readySchema: z.ZodType<Ready>;
  onLine: (line: string) => void;
  onSpawn: (id: ProcessId) => void;
  startTimeoutMs: number;
  stopGraceMs: number;
  signal: AbortSignal;
}

/** Starts a Node program and waits for its ready line. A failed start leaves nothing running and shows its last lines. */
export async function startNodeService<Ready>(options: NodeServiceOptions<Ready>): Promise<Service & { ready: Ready }> {
  options.signal.throwIfAborted();
  const log = new LastLines();
  const seen: { ready?: Ready; exit?: Exit } = {};
  const kept = await startKept({
    command: process.execPath,
    args: [...options.program, ...(options.args ?? [])],
    env: options.env,
    onLine: (line, stream) => {
      log.add(line);
      options.onLine(line);
      if (stream === 'stdout') seen.ready ??= parseJson(options.readySchema, line);
    },
  });
  void kept.exited.then((exit) => (seen.exit = exit));
  options.onSpawn(kept.id);

  const deadline = Date.now() + options.startTimeoutMs;
  const problem = () => {
    if (seen.exit) return `${describeExit(seen.exit)} before it was ready`;
    if (options.signal.aborted) return 'was stopped while starting';
    return Date.now() > deadline ? `was not ready within ${options.startTimeoutMs / 1000} s` : undefined;
  };
  while (seen.ready === undefined) {
    const reason = problem();
    if (reason) {
      await kept.stop(0);
      throw new Error(`${options.name} ${reason}. The last lines of its log:\n${log.text()}`);
    }
    await sleep(POLL_MS);
  }
  const stop = () => kept.stop(options.stopGraceMs);
  return { process: kept.id, exited: kept.exited, ready: seen.ready, stop };
}
