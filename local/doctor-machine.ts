import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { DoctorFinding } from './doctor';
import { builtEntries, buildOf } from './entries';
import { messageOf, rootMessageOf } from './errors';
import { readSettings } from './settings';

const NEEDED_NODE = [20, 19] as const;
const PLENTY_BYTES = 1e9;
const ENOUGH_BYTES = 100e6;
const PROVIDER_TIMEOUT_MS = 5_000;

/** Judges a version of Node such as `20.19.4`. */
export function checkNode(version: string): DoctorFinding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = NEEDED_NODE;
  const enough = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  return {
    name: 'Node',
    status: enough ? 'ok' : 'fail',
    found: version,
    todo: enough ? undefined : `install Node ${neededMajor}.${neededMinor} or later: https://nodejs.org`,
  };
}

/** Temporal's SDK is native code: it is built for glibc, macOS and Windows; the supervisor needs a POSIX shell besides. */
export function checkPlatform(): DoctorFinding {
  const name = 'platform';
  const found = `${process.platform} ${process.arch}`;
  if (process.platform === 'win32') {
    return { name, status: 'fail', found, todo: 'use the Windows Subsystem for Linux' };
  }
  if (process.platform !== 'linux') return { name, status: 'ok', found };
  const report = z
    .object({ header: z.object({ glibcVersionRuntime: z.string().optional() }) })
    .parse(process.report.getReport());
  const glibc = report.header.glibcVersionRuntime;
  if (glibc) return { name, status: 'ok', found: `${found}, glibc ${glibc}` };
  return {
    name,
    status: 'fail',
    found: `${found} without glibc`,
    todo: "use a system with glibc (Debian, Ubuntu, Fedora …): Temporal's SDK has no build for musl (Alpine)",
  };
}

/** Whether the package's own programs were built. */
export function checkPrograms(): DoctorFinding {
  try {
    return { name: 'programs', status: 'ok', found: buildOf(builtEntries()) };
  } catch (error) {
    return { name: 'programs', status: 'fail', found: messageOf(error), todo: 'run `npm run build`' };
  }
}

function nearestExisting(directory: string): string {
  let found = directory;
  while (!existsSync(found)) found = path.dirname(found);
  return found;
}

/** Whether the home can be written, or made. */
export function checkHome(home: string): DoctorFinding {
  const existing = nearestExisting(home);
  const name = 'home';
  const todo = 'set DURABLE_RESEARCH_HOME to a folder that can be written';
  if (!statSync(existing).isDirectory()) return { name, status: 'fail', found: `${existing} is a file`, todo };
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    return { name, status: 'fail', found: messageOf(error), todo };
  }
  return { name, status: 'ok', found: existing === home ? home : `${home} (will be made)` };
}

/** Whether there is room for the database and the outputs. */
export function checkDisk(home: string): DoctorFinding {
  const { bavail, bsize } = statfsSync(nearestExisting(home));
  const free = bavail * bsize;
  const status = free >= PLENTY_BYTES ? 'ok' : free >= ENOUGH_BYTES ? 'warn' : 'fail';
  return {
    name: 'disk',
    status,
    found: `${(free / 1e9).toFixed(1)} GB free`,
    todo: status === 'ok' ? undefined : 'make room, or set DURABLE_RESEARCH_HOME to a folder on another disk',
  };
}

/** Whether the provider answers and knows the key. Asks for the list of models, which costs nothing. */
export async function checkProvider(env: NodeJS.ProcessEnv): Promise<DoctorFinding> {
  const name = 'provider';
  const { provider } = readSettings(env);
  if (provider.kind === 'emulator') {
    const { corpus } = provider;
    if (corpus && !statSync(corpus, { throwIfNoEntry: false })?.isDirectory()) {
      const todo = 'correct DURABLE_RESEARCH_EMULATOR_CORPUS, or unset it';
      return { name, status: 'fail', found: `the corpus ${corpus} is no folder`, todo };
    }
    return {
      name,
      status: 'ok',
      found: `the offline emulator at speed ${provider.speed}; its answers are extracts, not a language model's`,
      todo: 'set OPENAI_API_KEY to use the real API',
    };
  }
  const key = env['OPENAI_API_KEY']?.trim() ?? '';
  // The URL as it is set, which is not to be shown.
  const base = env['OPENAI_BASE_URL']?.trim() || provider.baseUrl;
  try {
    const response = await fetch(`${base.replace(/\/$/, '')}/models`, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(PROVIDER_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return judgeAnswer(response.status, provider.baseUrl);
  } catch (error) {
    return {
      name,
      status: 'fail',
      found: `${provider.baseUrl} cannot be reached (${rootMessageOf(error)})`,
      todo: 'check OPENAI_BASE_URL and the network',
    };
  }
}

function judgeAnswer(status: number, baseUrl: string): DoctorFinding {
  const name = 'provider';
  if (status === 401 || status === 403) {
    return { name, status: 'fail', found: `${baseUrl} refuses the key (${status})`, todo: 'check OPENAI_API_KEY' };
  }
  if (status === 200) return { name, status: 'ok', found: `${baseUrl} accepts the key` };
  const todo = 'check OPENAI_BASE_URL, if runs fail';
  return { name, status: 'warn', found: `${baseUrl} answers, but not for /models (${status})`, todo };
}
