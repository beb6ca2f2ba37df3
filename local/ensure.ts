import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtEntries, buildOf, type Entries } from './entries';
import { messageOf } from './errors';
import { differences } from './fingerprint';
import { findTemporal } from './ladder';
import { rotateLog } from './log-file';
import { countOpenRuns } from './open-runs';
import { isListening } from './ports';
import { isRunning, waitForEnd } from './processes';
import { stackOf, type LocalStack } from './running';
import { externalTemporal, readSettings } from './settings';
import { homeFiles, readState, recordUse, type SupervisorState } from './state';
import { stop } from './stop';

export interface EnsureRunningOptions {
  /** Absolute path; see `homeDirectory`. */
  home: string;
  /** Default `process.env`. The supervisor and the worker get it. */
  env?: NodeJS.ProcessEnv;
  /** Called with one line of text whenever something that takes time goes on. */
  onProgress?: (message: string) => void;
  /** Other programs than the package's own, for tests. */
  entries?: Entries;
}

/** Thrown when the embedded parts did not start; the message holds the reason and names the log. */
export class LocalStartError extends Error {
  override readonly name = 'LocalStartError';
}

/** Thrown when runs are open on the home's running parts, which serve another provider or Temporal server than asked for. */
export class SettingsConflictError extends Error {
  override readonly name = 'SettingsConflictError';
}

const STARTS = 3;
const START_TIMEOUT_MS = 5 * 60_000;
const STOP_TIMEOUT_MS = 120_000;
const RESTART_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

type Request = Required<EnsureRunningOptions>;

/** Spawns a supervisor that outlives this command. */
function spawnSupervisor({ home, env, entries }: Request, executable: string | undefined): ChildProcess {
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

/** Starts a supervisor and waits until it is ready, or has left the home to another one. Throws when it failed. */
async function startSupervisor(request: Request): Promise<void> {
  const { home, env, onProgress } = request;
  const found = await findTemporal({ env, onProgress });
  onProgress('starting the local services');
  const child = spawnSupervisor(request, found.kind === 'executable' ? found.path : undefined);
  const exit: { code?: number } = {};
  child.once('exit', (code) => (exit.code = code ?? 1));
  child.once('error', () => (exit.code = 1));
  child.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (exit.code === undefined) {
    const state = readState(home);
    if (state?.status === 'ready' && state.supervisor.pid === child.pid) return;
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw startError(home, child.pid);
    }
    await sleep(POLL_MS);
  }
  if (exit.code !== 0) throw startError(home, child.pid);
}

/** Waits while another command's supervisor starts or stops. */
async function waitWhile({ home, onProgress }: Request, state: SupervisorState): Promise<void> {
  onProgress(`waiting for the local services, which are ${state.status} (pid ${state.supervisor.pid})`);
  const deadline = Date.now() + (state.status === 'starting' ? START_TIMEOUT_MS : STOP_TIMEOUT_MS);
  while (readState(home)?.status === state.status && isRunning(state.supervisor)) {
    if (Date.now() > deadline) {
      throw new LocalStartError(
        `The local services of ${home} are ${state.status} for too long (pid ${state.supervisor.pid}); ` +
          `try \`durable-research stop\`. The log is ${homeFiles.log(home, 'supervisor')}`,
      );
    }
    await sleep(POLL_MS);
  }
  // Its last word is written a moment before it is gone.
  if (readState(home)?.status !== 'ready') await waitForEnd(state.supervisor, STOP_TIMEOUT_MS);
}

/** Open runs on what the supervisor serves; undefined when they cannot be counted. */
async function openRunsOf(state: SupervisorState, { env, onProgress }: Request): Promise<number | undefined> {
  const external = externalTemporal(env);
  const same = external && external.address === state.temporal?.address;
  const connection = same ? external.connectionOptions : { address: state.temporal?.address };
  try {
    return await countOpenRuns(connection, state.namespace, state.taskQueue);
  } catch (error) {
    onProgress(`open runs could not be counted (${messageOf(error)})`);
    return undefined;
  }
}

function serves(state: SupervisorState): string {
  const provider =
    state.provider?.kind === 'emulator' ? 'the offline emulator' : `the API at ${state.provider?.baseUrl}`;
  return `${provider} and the Temporal server at ${state.temporal?.address}`;
}

function asksFor(env: NodeJS.ProcessEnv): string {
  const { provider, external } = readSettings(env);
  const server = external ? `the Temporal server at ${external.address}` : 'a Temporal server of its own';
  return `${provider.kind === 'emulator' ? 'the offline emulator' : `the API at ${provider.baseUrl}`} and ${server}`;
}

/** Whether the supervisor serves what this command asks for. One that does not is to be replaced, if no run is open. */
async function judge(request: Request, state: SupervisorState): Promise<'use' | 'replace'> {
  const { home, env, entries, onProgress } = request;
  const { decisive, other } = differences(state.fingerprint, env);
  const changed = [
    ...decisive,
    ...other,
    ...(state.build === buildOf(entries) ? [] : ['the build of durable-research']),
  ];
  if (changed.length === 0) return 'use';
  const open = await openRunsOf(state, request);
  if (open === 0 && !state.foreground) {
    onProgress(`restarting the local services, since something has changed: ${changed.join(', ')}`);
    return 'replace';
  }
  const busy = open === 0 ? 'run in a terminal' : `have ${open ?? 'maybe'} open run${open === 1 ? '' : 's'}`;
  if (decisive.length > 0) {
    throw new SettingsConflictError(
      `The local services of ${home} (pid ${state.supervisor.pid}) use ${serves(state)} and ${busy}; ` +
        `this command asks for ${asksFor(env)} (different: ${decisive.join(', ')}). ` +
        'Wait for the runs to end, or end the services with `durable-research stop` (open runs go on when they are ' +
        'started again with the former settings), or set DURABLE_RESEARCH_HOME to another folder.',
    );
  }
  onProgress(`the local services ${busy} and go on as they were started, without the change of: ${changed.join(', ')}`);
  return 'use';
}

/** The stack, once its Temporal server answers (it may just be starting again); undefined when the supervisor ended. */
async function answering(home: string): Promise<LocalStack | undefined> {
  const deadline = Date.now() + RESTART_TIMEOUT_MS;
  for (;;) {
    const stack = stackOf(home, readState(home));
    if (!stack || stack.temporal.external) return stack;
    const { hostname, port } = new URL(`http://${stack.temporal.address}`);
    if (await isListening(Number(port), hostname)) return stack;
    if (Date.now() > deadline) {
      throw new LocalStartError(
        `The Temporal server at ${stack.temporal.address} does not answer. Its log is ${homeFiles.log(home, 'temporal')}`,
      );
    }
    await sleep(POLL_MS);
  }
}

/**
 * Makes sure that the Temporal server, the worker and, without a key, the emulator of a home run in the background, and
 * says where. They outlive this process; several commands share them. Whatever was killed before, also in the middle of a
 * start, is cleaned up and started again on the same data.
 *
 * Throws `TemporalNotFoundError`, `LocalStartError`, or `SettingsConflictError` when they serve something else.
 */
export async function ensureRunning(options: EnsureRunningOptions): Promise<LocalStack> {
  const request: Request = {
    home: path.resolve(options.home),
    env: options.env ?? process.env,
    onProgress: options.onProgress ?? (() => undefined),
    entries: options.entries ?? builtEntries(),
  };
  const { home } = request;
  readSettings(request.env);
  for (let starts = 0; starts < STARTS;) {
    recordUse(home);
    const state = readState(home);
    if (!state || !isRunning(state.supervisor)) {
      starts += 1;
      await startSupervisor(request);
    } else if (state.status !== 'ready') {
      await waitWhile(request, state);
    } else if ((await judge(request, state)) === 'replace') {
      await stop(home, { onProgress: request.onProgress });
    } else {
      const stack = await answering(home);
      if (stack) return stack;
    }
  }
  throw new LocalStartError(
    `The local services ended ${STARTS} times while they were started. The log is ${homeFiles.log(home, 'supervisor')}`,
  );
}
