import { isRunning } from './processes';
import { readState, recordUse, type SupervisorState } from './state';

/** The running parts of a home, as far as a command needs to know. */
export interface LocalStack {
  home: string;
  temporal: {
    /** `host:port` of the gRPC service. */
    address: string;
    /** Temporal's web UI; unknown for a server that is not ours. */
    uiUrl?: string | undefined;
    /** True for the server that the environment names; connect to it with Temporal's standard configuration. */
    external: boolean;
  };
  namespace: string;
  taskQueue: string;
  provider: {
    kind: 'emulator' | 'api';
    baseUrl: string;
    /** What runs record as their provider. */
    origin: string;
    /** How many times faster than the real API the emulator is. */
    speed?: number | undefined;
  };
  supervisorPid: number;
}

/** What a command sees of a supervisor that is ready; undefined in any other state. */
export function stackOf(home: string, state: SupervisorState | undefined): LocalStack | undefined {
  if (state?.status !== 'ready' || !state.temporal || !state.provider || !isRunning(state.supervisor)) return undefined;
  const { temporal, provider, namespace, taskQueue, supervisor } = state;
  return { home, temporal, provider, namespace, taskQueue, supervisorPid: supervisor.pid };
}

/**
 * What has become of a stack's supervisor: it runs (also while it stops), has ended in order, is gone without a word, or
 * another one has taken its place.
 */
export function supervisorLife({ home, supervisorPid }: LocalStack): 'running' | 'ended' | 'killed' | 'replaced' {
  const state = readState(home);
  if (state && isRunning(state.supervisor)) return state.supervisor.pid === supervisorPid ? 'running' : 'replaced';
  return state && (state.status === 'starting' || state.status === 'ready') ? 'killed' : 'ended';
}

/**
 * The running parts of a home; undefined when they do not run or are just starting or stopping. Counts as a use: they
 * then do not end as idle for a while.
 */
export async function findRunning(home: string): Promise<LocalStack | undefined> {
  const state = readState(home);
  if (!stackOf(home, state)) return undefined;
  recordUse(home);
  return stackOf(home, readState(home));
}
