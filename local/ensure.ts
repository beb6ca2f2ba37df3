import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtEntries, type Entries } from './entries';
import { judge } from './judge';
import { isListening } from './ports';
import { isRunning, waitForEnd } from './processes';
import { stackOf, type LocalStack } from './running';
import { readSettings } from './settings';
import { LocalStartError, startSupervisor, START_TIMEOUT_MS, type StartRequest } from './spawn-supervisor';
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

const STARTS = 3;
const STOP_TIMEOUT_MS = 120_000;
const RESTART_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** Waits while another command's supervisor starts or stops. */
async function waitWhile({ home, onProgress }: StartRequest, state: SupervisorState): Promise<void> {
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
  const request: StartRequest = {
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
