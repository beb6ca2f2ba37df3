import os from 'node:os';
import path from 'node:path';

/**
 * Folder of what is fetched or built once for a user, whatever the project: `$XDG_CACHE_HOME/durable-research`, else
 * `~/.cache/durable-research`.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  return path.join(env['XDG_CACHE_HOME'] || path.join(env['HOME'] || os.homedir(), '.cache'), 'durable-research');
}

/** Where the ladder keeps its own Temporal CLI. */
export function cachedExecutable(env: NodeJS.ProcessEnv): string {
  return path.join(cacheDirectory(env), `temporal-${process.platform}-${process.arch}`);
}
