import { buildOf } from './entries';
import { messageOf } from './errors';
import { differences } from './fingerprint';
import { openRunsOf } from './open-runs';
import { readSettings } from './settings';
import type { StartRequest } from './spawn-supervisor';
import type { SupervisorState } from './state';

/** Thrown when runs are open on the home's running parts, which serve another provider or Temporal server than asked for. */
export class SettingsConflictError extends Error {
  override readonly name = 'SettingsConflictError';
}

/** Undefined when they cannot be counted. */
async function countedRuns(state: SupervisorState, { env, onProgress }: StartRequest): Promise<number | undefined> {
  try {
    return await openRunsOf(state, env);
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

/** What to change about the settings of this command, so that it asks for what the supervisor serves. */
function howToAgree({ fingerprint, temporal }: SupervisorState, names: string[]): string {
  const changes = names.map((name) => {
    if (fingerprint.settings[name] === undefined) return `unset ${name} here`;
    if (name === 'TEMPORAL_ADDRESS' && temporal) return `set ${name}=${temporal.address} here too`;
    return `set ${name} here as it is set there`;
  });
  return changes.join(' and ');
}

/** Whether the supervisor serves what this command asks for. One that does not is to be replaced, if no run is open. */
export async function judge(request: StartRequest, state: SupervisorState): Promise<'use' | 'replace'> {
  const { home, env, entries, onProgress } = request;
  const { decisive, other } = differences(state.fingerprint, env);
  const changed = [
    ...decisive,
    ...other,
    ...(state.build === buildOf(entries) ? [] : ['the build of durable-research']),
  ];
  if (changed.length === 0) return 'use';
  const open = await countedRuns(state, request);
  if (open === 0 && !state.foreground) {
    onProgress(`restarting the local services, since something has changed: ${changed.join(', ')}`);
    return 'replace';
  }
  const busy =
    open === 0
      ? 'run in a terminal'
      : `${open === undefined ? 'may have' : `have ${open}`} open run${open === 1 ? '' : 's'}`;
  if (decisive.length > 0) {
    throw new SettingsConflictError(
      `The local services of ${home} (pid ${state.supervisor.pid}) use ${serves(state)} and ${busy}; ` +
        `this command asks for ${asksFor(env)} (different: ${decisive.join(', ')}). ` +
        `To use them, ${howToAgree(state, decisive)}. Else wait for the runs to end, or end the services with ` +
        '`durable-research stop` (open runs go on when they are started again with the former settings), ' +
        'or set DURABLE_RESEARCH_HOME to another folder.',
    );
  }
  onProgress(`the local services ${busy} and go on as they were started, without the change of: ${changed.join(', ')}`);
  return 'use';
}
