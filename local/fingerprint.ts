import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { z } from 'zod';

/**
 * What a supervisor was started with, as hashes under a salt of its own: enough to see that another command has another
 * key, and nothing that a key could be read from.
 */
export const fingerprintSchema = z.object({ salt: z.string(), settings: z.record(z.string(), z.string()) });
export type Fingerprint = z.infer<typeof fingerprintSchema>;

const RELEVANT = /^(OPENAI|TEMPORAL|DURABLE_RESEARCH|OTEL)_/;
/** These say where a supervisor is and how long it stays, not what it serves; or are not handed to its worker. */
const IGNORED = [
  'DURABLE_RESEARCH_HOME',
  'DURABLE_RESEARCH_IDLE_MINUTES',
  'TEMPORAL_DEPLOYMENT_NAME',
  'TEMPORAL_WORKER_BUILD_ID',
];
/** Files that a worker reads once, at its start: an edited one is a changed setting. */
const FILES = ['DURABLE_RESEARCH_TOOLS', 'DURABLE_RESEARCH_MCP', 'DURABLE_RESEARCH_PRICES'];
/**
 * With one of these changed a worker would talk to another server, or to the same one as somebody else, or could not
 * read what this command writes.
 */
const DECISIVE =
  /^(TEMPORAL_.*|OPENAI_(API_KEY|BASE_URL|ORG_ID|PROJECT_ID)|DURABLE_RESEARCH_(ORIGIN|ENCRYPTION_KEYS))$/;

export function takeFingerprint(env: NodeJS.ProcessEnv, salt = randomBytes(16).toString('hex')): Fingerprint {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!RELEVANT.test(name) || IGNORED.includes(name) || !value?.trim()) continue;
    settings[name] = createHmac('sha256', salt)
      .update(value.trim())
      .update(FILES.includes(name) ? contentsOf(value) : '')
      .digest('hex')
      .slice(0, 16);
  }
  return { salt, settings };
}

/** Of the absolute paths: others are packages, or seen from another folder by every command. */
function contentsOf(paths: string): string {
  return paths
    .split(',')
    .map((path) => path.trim())
    .filter(isAbsolute)
    .map(contentOf)
    .join('\0');
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The worker says what is wrong with it.
    return '';
  }
}

/** Names of the settings of `env` that say which server and which provider are meant. */
export function decisiveSettings(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((name) => DECISIVE.test(name) && env[name]?.trim())
    .toSorted();
}

/** Names of the settings in which `env` differs from what the fingerprint was taken of. */
export function differences(taken: Fingerprint, env: NodeJS.ProcessEnv): { decisive: string[]; other: string[] } {
  const now = takeFingerprint(env, taken.salt).settings;
  const names = Object.keys({ ...taken.settings, ...now }).filter((name) => now[name] !== taken.settings[name]);
  return {
    decisive: names.filter((name) => DECISIVE.test(name)).toSorted(),
    other: names.filter((name) => !DECISIVE.test(name)).toSorted(),
  };
}
