import { terminate, waitForEnd } from './processes';
import { SERVICES, type SupervisorState } from './state';

/** Time that the watchdogs of a killed supervisor have for their own work. */
const WATCHDOG_MS = 1_000;

/**
 * Ends the services that a supervisor left behind; exactly its own processes, never another one that was given the same
 * pid. Returns words for what had to be killed.
 */
export async function endLeftovers(state: SupervisorState): Promise<string[]> {
  const ended = SERVICES.map(async (name) => {
    const id = state.processes[name];
    if (!id || (await waitForEnd(id, WATCHDOG_MS))) return [];
    await terminate(id, 0);
    return [`${name} (pid ${id.pid})`];
  });
  return (await Promise.all(ended)).flat();
}
