import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { cachedExecutable } from './cache';
import type { DoctorFinding } from './doctor';
import { messageOf, rootMessageOf } from './errors';
import { checkTemporalCli, findOnPath } from './executable';
import { isListening } from './ports';
import { isRunning } from './processes';
import { externalTemporal, type ExternalTemporal } from './settings';
import { homeFiles, readState, SERVICES } from './state';

const DOWNLOAD_HOST = 'https://temporal.download';
const DOWNLOAD_TIMEOUT_MS = 3_000;
const INSTALL = 'install the Temporal CLI: https://docs.temporal.io/cli#install';

async function checkExternal(external: ExternalTemporal): Promise<DoctorFinding> {
  const name = 'Temporal server';
  const { hostname, port } = new URL(`tcp://${external.address}`);
  try {
    if (!(await isListening(Number(port || 7233), hostname))) throw new Error('nothing listens there');
    const connection = await Connection.connect({ ...external.connectionOptions, connectTimeout: '5s' });
    await connection.close();
    return { name, status: 'ok', found: `${external.address} answers` };
  } catch (error) {
    const found = `${external.address} cannot be reached (${messageOf(error)})`;
    return {
      name,
      status: 'fail',
      found,
      todo: 'start it, correct TEMPORAL_ADDRESS, or unset it for a server of our own',
    };
  }
}

async function attempt(look: () => Promise<string>): Promise<{ works: boolean; found: string }> {
  try {
    return { works: true, found: await look() };
  } catch (error) {
    return { works: false, found: rootMessageOf(error) };
  }
}

/** A way to a Temporal CLI; `look` says what is there, or throws why there is nothing. */
interface Way {
  name: string;
  look: () => Promise<string>;
}

/** In the order in which they are tried. */
function waysToCli(env: NodeJS.ProcessEnv): Way[] {
  return [
    {
      name: '`temporal` on the PATH',
      look: async () => {
        const file = findOnPath('temporal', env);
        if (!file) throw new Error('there is none');
        return `${file}, ${await checkTemporalCli(file)}`;
      },
    },
    {
      name: 'Temporal CLI fetched or built earlier',
      look: async () => `${cachedExecutable(env)}, ${await checkTemporalCli(cachedExecutable(env))}`,
    },
    {
      name: 'Temporal CLI by download',
      look: async () => {
        const response = await fetch(DOWNLOAD_HOST, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
        await response.body?.cancel();
        return `${DOWNLOAD_HOST} answers`;
      },
    },
    {
      name: 'Temporal CLI built with Go',
      look: async () => {
        const go = findOnPath('go', env);
        if (!go) throw new Error('there is no `go` on the PATH');
        const { stdout } = await promisify(execFile)(go, ['version'], { timeout: 10_000 });
        return `${stdout.trim()}; takes about 3 minutes, once`;
      },
    },
  ];
}

/** What the ways lead to, up to the first that works: those after it are never tried. That none works is a failure. */
export async function checkWays(ways: Way[]): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  for (const { name, look } of ways) {
    const { works, found } = await attempt(look);
    findings.push({ name, status: works ? 'ok' : 'warn', found });
    if (works) return findings;
  }
  return [...findings, { name: 'Temporal server', status: 'fail', found: 'no way to one works', todo: INSTALL }];
}

/** The server that the environment names, else the ways to one of our own. */
export async function checkTemporal(env: NodeJS.ProcessEnv): Promise<DoctorFinding[]> {
  const external = externalTemporal(env);
  return external ? [await checkExternal(external)] : checkWays(waysToCli(env));
}

/** What the supervisor of the home says of itself, and whether that is so. */
export function checkSupervisor(home: string): DoctorFinding {
  const name = 'supervisor';
  const state = readState(home);
  if (!state) return { name, status: 'ok', found: 'not running; the first run starts it' };
  const log = homeFiles.log(home, 'supervisor');
  if (isRunning(state.supervisor)) {
    const missing = SERVICES.filter((service) => state.processes[service] && !isRunning(state.processes[service]));
    const server = state.temporal ? `, Temporal at ${state.temporal.address}` : '';
    const found = `${state.status} (pid ${state.supervisor.pid}) since ${state.startedAt}${server}`;
    if (missing.length === 0) return { name, status: 'ok', found };
    return { name, status: 'warn', found: `${found}, without ${missing.join(' and ')}`, todo: `see ${log}` };
  }
  const left = SERVICES.filter((service) => state.processes[service] && isRunning(state.processes[service]));
  if (left.length > 0) {
    const found = `was killed and has left ${left.join(' and ')} running`;
    return { name, status: 'warn', found, todo: 'the next run cleans up, or `durable-research stop`' };
  }
  if (state.status === 'failed') return { name, status: 'warn', found: `failed: ${state.reason}`, todo: `see ${log}` };
  return { name, status: 'ok', found: `not running (${state.status === 'stopped' ? state.reason : 'was killed'})` };
}
