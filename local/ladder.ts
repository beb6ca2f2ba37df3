import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { buildWithGo } from './build';
import { cacheDirectory, cachedExecutable } from './cache';
import { messageOf } from './errors';
import { download } from './download';
import { checkTemporalCli, findOnPath } from './executable';
import { takeLock } from './lock';
import { externalTemporal } from './settings';

/** How a Temporal CLI was come by. */
export type TemporalSource = 'path' | 'cache' | 'download' | 'build';

/** Where a Temporal server comes from: one that runs elsewhere, or a CLI whose dev server can be started. */
export type FoundTemporal =
  { kind: 'server'; address: string } | { kind: 'executable'; path: string; from: TemporalSource };

export interface FindTemporalOptions {
  /** Default `process.env`. Read: TEMPORAL_ADDRESS, PATH, HOME, XDG_CACHE_HOME, and by Go its own and the proxy's. */
  env?: NodeJS.ProcessEnv;
  /** Called with one line of text whenever something that takes time goes on. */
  onProgress?: (message: string) => void;
  /** A download is given up when nothing has come for so long, in milliseconds. Default 20,000. */
  downloadStallMs?: number;
}

/** A way to come by a Temporal server, and why it led nowhere. */
export interface TriedRung {
  rung: string;
  reason: string;
}

/** Thrown when no Temporal server is set, found or to be had. */
export class TemporalNotFoundError extends Error {
  override readonly name = 'TemporalNotFoundError';

  constructor(readonly tried: TriedRung[]) {
    super(
      [
        'No Temporal server is set, and no Temporal CLI could be found, downloaded or built. Tried:',
        ...tried.map(({ rung, reason }) => `  - ${rung}: ${reason}`),
        'Do one of these, then try again:',
        '  - install the Temporal CLI: https://docs.temporal.io/cli#install',
        '  - install Go, with which it is built once: https://go.dev/doc/install',
        '  - set TEMPORAL_ADDRESS to the host:port of a running Temporal server',
      ].join('\n'),
    );
  }
}

interface Context {
  env: NodeJS.ProcessEnv;
  onProgress: (message: string) => void;
  stallMs: number | undefined;
}

const PARTIAL = 'partial-';

async function fromPath({ env }: Context): Promise<string> {
  const file = findOnPath('temporal', env);
  if (!file) throw new Error('there is none');
  await checkTemporalCli(file);
  return file;
}

async function fromCache({ env }: Context): Promise<string> {
  const file = cachedExecutable(env);
  await checkTemporalCli(file);
  return file;
}

/**
 * Lets `provide` put a program into a fresh folder and moves it into the cache when it works, in one step: one that was
 * killed leaves only its folder, which the next removes.
 */
async function intoCache(context: Context, provide: (directory: string) => Promise<string>): Promise<string> {
  const cache = cacheDirectory(context.env);
  for (const name of readdirSync(cache)) {
    if (name.startsWith(PARTIAL)) rmSync(path.join(cache, name), { recursive: true, force: true });
  }
  const directory = mkdtempSync(path.join(cache, PARTIAL));
  try {
    const made = await provide(directory);
    await checkTemporalCli(made);
    renameSync(made, cachedExecutable(context.env));
    return cachedExecutable(context.env);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function fromDownload(context: Context): Promise<string> {
  return intoCache(context, (directory) => download({ ...context, directory }));
}

function fromBuild(context: Context): Promise<string> {
  return intoCache(context, (directory) => buildWithGo({ ...context, directory }));
}

interface Rung {
  name: string;
  from: TemporalSource;
  find: (context: Context) => Promise<string>;
}

const PATH: Rung = { name: '`temporal` on the PATH', from: 'path', find: fromPath };
const CACHE: Rung = { name: 'the one fetched or built earlier', from: 'cache', find: fromCache };
const DOWNLOAD: Rung = { name: 'download from temporal.download', from: 'download', find: fromDownload };
const BUILD: Rung = { name: 'build with Go', from: 'build', find: fromBuild };

async function climb(rungs: Rung[], context: Context, tried: TriedRung[]): Promise<FoundTemporal | undefined> {
  for (const rung of rungs) {
    try {
      return { kind: 'executable', path: await rung.find(context), from: rung.from };
    } catch (error) {
      tried.push({ rung: rung.name, reason: messageOf(error) });
    }
  }
  return undefined;
}

async function make(context: Context, tried: TriedRung[]): Promise<FoundTemporal | undefined> {
  const cache = cacheDirectory(context.env);
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
  } catch (error) {
    const reason = `${messageOf(error)}; set XDG_CACHE_HOME to a folder that can be written`;
    tried.push({ rung: 'download or build into the cache', reason });
    return undefined;
  }
  const lock = await takeLock(path.join(cache, 'lock'), {
    onWait: (pid) => context.onProgress(`waiting for process ${pid}, which fetches or builds the Temporal CLI`),
  });
  try {
    // Whoever held the lock may just have made it.
    return (await climb([CACHE], context, [])) ?? (await climb([DOWNLOAD, BUILD], context, tried));
  } finally {
    lock.release();
  }
}

/**
 * Finds a Temporal server or what it takes to start one, by the first of these that works: the server at
 * TEMPORAL_ADDRESS (or of the profile TEMPORAL_PROFILE); a `temporal` on the PATH; one fetched or built earlier;
 * Temporal's own download; the official CLI built with Go, once. Throws `TemporalNotFoundError` when none does.
 */
export async function findTemporal(options: FindTemporalOptions = {}): Promise<FoundTemporal> {
  const context = {
    env: options.env ?? process.env,
    onProgress: options.onProgress ?? (() => undefined),
    stallMs: options.downloadStallMs,
  };
  const external = externalTemporal(context.env);
  if (external) return { kind: 'server', address: external.address };

  const tried: TriedRung[] = [{ rung: 'TEMPORAL_ADDRESS', reason: 'not set' }];
  const found = (await climb([PATH, CACHE], context, tried)) ?? (await make(context, tried));
  if (!found) throw new TemporalNotFoundError(tried);
  return found;
}
