import { endLeftovers } from './leftovers';
import { isRunning, signalProcess, terminate, waitForEnd } from './processes';
import { readState, SERVICES, type SupervisorState } from './state';

export interface StopOptions {
  /** Time for the services to end gracefully, in milliseconds; what is left then is killed. Default 120,000. */
  timeoutMs?: number;
  onProgress?: (message: string) => void;
}

/** What `stop` has ended. */
export interface Stopped {
  /** One entry a process: `supervisor (pid 4711)`. Empty when nothing ran. */
  stopped: string[];
  /** Those of them that did not end by themselves in time. */
  killed: string[];
}

function runningParts(state: SupervisorState): string[] {
  const parts = [
    ['supervisor', state.supervisor] as const,
    ...SERVICES.map((name) => [name, state.processes[name]] as const),
  ];
  return parts.flatMap(([name, id]) => (id && isRunning(id) ? [`${name} (pid ${id.pid})`] : []));
}

/**
 * Ends the supervisor of a home and what it runs: the worker finishes the calls it has begun, then the others end. Open
 * runs go on when the home is started again. Ends exactly the home's own processes.
 */
export async function stop(home: string, options: StopOptions = {}): Promise<Stopped> {
  const before = readState(home);
  if (!before) return { stopped: [], killed: [] };
  const stopped = runningParts(before);
  const killed: string[] = [];
  if (signalProcess(before.supervisor, 'SIGTERM')) {
    options.onProgress?.('stopping; the worker finishes the calls it has begun');
    if (!(await waitForEnd(before.supervisor, options.timeoutMs ?? 120_000))) {
      await terminate(before.supervisor, 0);
      killed.push(`supervisor (pid ${before.supervisor.pid})`);
    }
  }
  // It may have started something again in between.
  const last = readState(home) ?? before;
  if (!isRunning(last.supervisor)) killed.push(...(await endLeftovers(last)));
  return { stopped, killed };
}
