import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf } from './errors';
import { fingerprintSchema } from './fingerprint';
import { parseJson } from './json';
import { processIdSchema } from './processes';

/** The processes beside the supervisor. */
export const SERVICES = ['temporal', 'emulator', 'worker'] as const;
export type ServiceName = (typeof SERVICES)[number];

const temporalSchema = z.object({
  /** `host:port` of the gRPC service. */
  address: z.string(),
  uiUrl: z.string().optional(),
  /** True for a server that is not ours. */
  external: z.boolean(),
});

const providerSchema = z.object({
  kind: z.enum(['emulator', 'api']),
  baseUrl: z.string(),
  /** What runs record as their provider. */
  origin: z.string(),
  /** How many times faster than the real API the emulator is. */
  speed: z.number().optional(),
});

/** What the supervisor of a home says of itself in `supervisor.json`; no secrets. */
const stateSchema = z.object({
  status: z.enum(['starting', 'ready', 'stopping', 'stopped', 'failed']),
  /** What it does while starting; why it stopped or failed. */
  reason: z.string(),
  supervisor: processIdSchema,
  /** True when it runs in somebody's terminal. */
  foreground: z.boolean(),
  /** Which build of the package it runs. */
  build: z.string(),
  startedAt: z.iso.datetime(),
  namespace: z.string(),
  taskQueue: z.string(),
  temporal: temporalSchema.optional(),
  provider: providerSchema.optional(),
  processes: z.partialRecord(z.enum(SERVICES), processIdSchema),
  fingerprint: fingerprintSchema,
});
export type SupervisorState = z.infer<typeof stateSchema>;

/** Names of files in a home. */
export const homeFiles = {
  state: (home: string) => path.join(home, 'supervisor.json'),
  lock: (home: string) => path.join(home, 'supervisor.lock'),
  lastUse: (home: string) => path.join(home, 'supervisor.last-use'),
  log: (home: string, name: ServiceName | 'supervisor') => path.join(home, 'logs', `${name}.log`),
  database: (home: string) => path.join(home, 'temporal.db'),
  emulatorData: (home: string) => path.join(home, 'emulator'),
};

/** Replaces the file in one step, readable by its owner only. */
export function writeState(home: string, state: SupervisorState): void {
  const file = homeFiles.state(home);
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(partial, file);
}

/**
 * What the last supervisor of the home wrote; undefined when there was none or the file is not one of ours. Whether it
 * still runs is another question, and the lock decides it: a spoilt file cannot lead to two supervisors.
 */
export function readState(home: string): SupervisorState | undefined {
  let content: string;
  try {
    content = readFileSync(homeFiles.state(home), 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return undefined;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new Error(
      `${home} belongs to somebody else (${messageOf(error)}); set DURABLE_RESEARCH_HOME to a folder of your own, or work as its owner.`,
      { cause: error },
    );
  }
  return parseJson(stateSchema, content);
}

/**
 * Makes the home if need be, and notes that somebody uses it now, which keeps its supervisor from ending as idle. Throws,
 * saying what to set, when it cannot be written.
 */
export function recordUse(home: string): void {
  try {
    // What is kept there was asked and answered in confidence.
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(homeFiles.lastUse(home), '');
  } catch (error) {
    throw new Error(`${home} cannot be written (${messageOf(error)}); set DURABLE_RESEARCH_HOME to another folder.`, {
      cause: error,
    });
  }
}

/** When the home was last used, in milliseconds since 1970; 0 when never. */
export function lastUse(home: string): number {
  return statSync(homeFiles.lastUse(home), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
