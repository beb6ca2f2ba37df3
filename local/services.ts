import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Entries } from './entries';
import { choosePort } from './ports';
import type { ProcessId } from './processes';
import { startNodeService, type Service } from './service';
import type { LocalSettings } from './settings';
import { homeFiles, type ServiceName, type SupervisorState } from './state';
import { startTemporalServer, type TemporalServer } from './temporal-server';

/** What starting any of the services takes. */
export interface ServiceContext {
  home: string;
  env: NodeJS.ProcessEnv;
  settings: LocalSettings;
  entries: Entries;
  /** What the supervisor before this one wrote: its ports are tried first, so that links that were printed stay right. */
  former: SupervisorState | undefined;
  onLine: (service: ServiceName, line: string) => void;
  onSpawn: (service: ServiceName, id: ProcessId) => void;
}

export type EmulatorService = Service & { ready: { url: string; instanceId: string } };
export type WorkerService = Service & { ready: { origin?: string | undefined } };

/** Where the worker finds what it works with. */
export interface WorkerTargets {
  /** Address of our own Temporal server; undefined for one that the environment names. */
  temporalAddress: string | undefined;
  /** Undefined for the provider that the environment names. */
  emulator: { url: string; instanceId: string } | undefined;
}

const emulatorReadySchema = z.object({ ready: z.literal(true), url: z.url(), instanceId: z.string().min(1) });
const workerReadySchema = z.object({ ready: z.literal(true), origin: z.string().optional() });

const EMULATOR_START_MS = 60_000;
/** It bundles the workflows first, which a busy machine takes its time for. */
const WORKER_START_MS = 180_000;
const EMULATOR_GRACE_MS = 5_000;
/** Longer than the longest create: one that was sent must be recorded, or it is paid for twice. */
const WORKER_GRACE_MS = 90_000;

function portOf(url: string | undefined): number | undefined {
  return url && URL.canParse(url) ? Number(new URL(url).port) || undefined : undefined;
}

function without(env: NodeJS.ProcessEnv, names: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));
}

/** Starts Temporal's dev server on the home's database. */
export async function startTemporal(
  context: ServiceContext,
  executable: string,
  signal: AbortSignal,
): Promise<TemporalServer> {
  const database = homeFiles.database(context.home);
  const served = `${database}.served`;
  const fair = `${database}.fair`;
  // A server that was killed while it made its tables leaves a file that none can use. Nothing was ever kept in it.
  if (!existsSync(served)) {
    for (const end of ['', '-wal', '-shm', '.fair']) rmSync(`${database}${end}`, { force: true });
    if (context.settings.sharesCreates) writeFileSync(fair, '');
  }
  const server = await serveTemporal(context, executable, signal);
  writeFileSync(served, '');
  return server;
}

function serveTemporal(context: ServiceContext, executable: string, signal: AbortSignal): Promise<TemporalServer> {
  const former = context.former?.temporal?.external ? undefined : context.former?.temporal;
  return startTemporalServer({
    executable,
    dbFile: homeFiles.database(context.home),
    port: portOf(former && `http://${former.address}`),
    uiPort: portOf(former?.uiUrl),
    namespace: context.settings.namespace,
    fairness: existsSync(`${homeFiles.database(context.home)}.fair`),
    onLogLine: (line) => context.onLine('temporal', line),
    onSpawn: (id) => context.onSpawn('temporal', id),
    signal,
  });
}

/** Starts the offline emulator of the API on the home's data. */
export async function startEmulator(context: ServiceContext, signal: AbortSignal): Promise<EmulatorService> {
  const { former } = context;
  const wanted = former?.provider?.kind === 'emulator' ? portOf(former.provider.baseUrl) : undefined;
  try {
    return await startEmulatorAt(await choosePort(wanted), context, signal);
  } catch (error) {
    // Somebody may have taken the port between our look and the emulator's. Whatever it was: another port, or told again.
    if (signal.aborted) throw error;
    return startEmulatorAt(await choosePort(), context, signal);
  }
}

function startEmulatorAt(port: number, context: ServiceContext, signal: AbortSignal): Promise<EmulatorService> {
  const { home, settings } = context;
  if (settings.provider.kind !== 'emulator') throw new Error('The settings name a provider, not the emulator.');
  const args = ['--host', '127.0.0.1', '--port', String(port), '--data', homeFiles.emulatorData(home)];
  args.push('--speed', String(settings.provider.speed));
  if (settings.provider.corpus) args.push('--corpus', settings.provider.corpus);
  return startNodeService({
    name: 'The emulator',
    program: context.entries.emulator,
    args,
    env: without(context.env, /^(OPENAI|TEMPORAL)_|^DURABLE_RESEARCH_(ENCRYPTION|NOTIFY|CODEC)_/),
    readySchema: emulatorReadySchema,
    onLine: (line) => context.onLine('emulator', line),
    onSpawn: (id) => context.onSpawn('emulator', id),
    startTimeoutMs: EMULATOR_START_MS,
    stopGraceMs: EMULATOR_GRACE_MS,
    signal,
  });
}

/** The environment that makes a worker work for these targets. Keys travel here and nowhere else. */
function workerEnvironment(context: ServiceContext, targets: WorkerTargets): NodeJS.ProcessEnv {
  const { settings, home } = context;
  let env: NodeJS.ProcessEnv = {
    // Nobody makes a version of an embedded worker current: its runs would wait for ever.
    ...without(context.env, /^TEMPORAL_(DEPLOYMENT_NAME|WORKER_BUILD_ID)$/),
    DURABLE_RESEARCH_HOME: home,
    TEMPORAL_TASK_QUEUE: settings.taskQueue,
  };
  if (targets.temporalAddress !== undefined) {
    env = {
      ...without(env, /^TEMPORAL_/),
      TEMPORAL_ADDRESS: targets.temporalAddress,
      TEMPORAL_NAMESPACE: settings.namespace,
      TEMPORAL_TASK_QUEUE: settings.taskQueue,
      // Keeps TLS and keys of the user's default profile away from our server. The file need not exist.
      TEMPORAL_CONFIG_FILE: path.join(home, 'temporal.toml'),
    };
  }
  if (targets.emulator !== undefined) {
    env = {
      ...without(env, /^OPENAI_(API_KEY|BASE_URL|ORG_ID|PROJECT_ID)$/),
      OPENAI_API_KEY: 'emulator',
      OPENAI_BASE_URL: targets.emulator.url,
      // The port may change, and runs must still know the emulator as theirs.
      DURABLE_RESEARCH_ORIGIN: emulatorOrigin(targets.emulator),
    };
  }
  return env;
}

/** The name under which runs record an emulator. */
export function emulatorOrigin({ instanceId }: { instanceId: string }): string {
  return `emulator:${instanceId}`;
}

/** Starts the worker. */
export function startWorker(
  context: ServiceContext,
  targets: WorkerTargets,
  signal: AbortSignal,
): Promise<WorkerService> {
  return startNodeService({
    name: 'The worker',
    program: context.entries.worker,
    env: workerEnvironment(context, targets),
    readySchema: workerReadySchema,
    onLine: (line) => context.onLine('worker', line),
    onSpawn: (id) => context.onSpawn('worker', id),
    startTimeoutMs: WORKER_START_MS,
    stopGraceMs: WORKER_GRACE_MS,
    signal,
  });
}
