import path from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { DEFAULT_TASK_QUEUE } from '../contract/names';
import { messageOf } from './errors';

const DEFAULT_API_URL = 'https://api.openai.com/v1';
const DEFAULT_HOME = '.durable-research';

const text = z
  .string()
  .transform((value) => value.trim() || undefined)
  .optional();
const positive = (fallback: number) =>
  text
    .transform((value) => Number(value ?? fallback))
    .pipe(z.number({ error: 'expected a number above 0' }).positive());

const environmentSchema = z.object({
  TEMPORAL_ADDRESS: text,
  TEMPORAL_PROFILE: text,
  TEMPORAL_CONFIG_FILE: text,
  TEMPORAL_NAMESPACE: text,
  TEMPORAL_TASK_QUEUE: text,
  OPENAI_API_KEY: text,
  OPENAI_BASE_URL: text,
  DURABLE_RESEARCH_EMULATOR_SPEED: positive(10),
  DURABLE_RESEARCH_EMULATOR_CORPUS: text,
  DURABLE_RESEARCH_IDLE_MINUTES: positive(10),
  DURABLE_RESEARCH_REQUESTS_PER_MINUTE: text,
});

/** A setting that is missing or wrong; the message names the variable and what to set. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Connection options of Temporal's client, as far as its standard configuration speaks of them. */
export type ConnectionOptions = ReturnType<typeof loadClientConnectConfig>['connectionOptions'];

/** A Temporal server that is not ours. */
export interface ExternalTemporal {
  address: string;
  namespace: string | undefined;
  /** With TLS and API key where set; never to be printed. */
  connectionOptions: ConnectionOptions;
}

/** Whom the worker asks for responses. */
export type ProviderSettings =
  { kind: 'emulator'; speed: number; corpus: string | undefined } | { kind: 'api'; baseUrl: string };

/** What the embedded parts take from the environment. */
export interface LocalSettings {
  /** Absent when a dev server of our own is to run. */
  external: ExternalTemporal | undefined;
  namespace: string;
  taskQueue: string;
  provider: ProviderSettings;
  /** Creates have a limit, and wait for their turn: a database that begins now serves fairness keys. */
  sharesCreates: boolean;
  /** The supervisor ends after so many milliseconds without an open run and without a command. */
  idleMs: number;
}

/** Absolute path of the folder that everything of a project is kept in: DURABLE_RESEARCH_HOME, else `.durable-research`. */
export function homeDirectory(env: NodeJS.ProcessEnv): string {
  return path.resolve(env['DURABLE_RESEARCH_HOME']?.trim() || DEFAULT_HOME);
}

/** The URL without user, password, query and fragment, where credentials may stand. */
function withoutCredentials(url: string): string {
  if (!URL.canParse(url)) return '(not a URL)';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.replace(/\/$/, '');
}

/**
 * The Temporal server that the environment names, by address or by a profile of Temporal's configuration file. A default
 * profile that nobody named does not count: it may well lead to production.
 */
export function externalTemporal(env: NodeJS.ProcessEnv): ExternalTemporal | undefined {
  const named = [env['TEMPORAL_ADDRESS'], env['TEMPORAL_PROFILE'], env['TEMPORAL_CONFIG_FILE']];
  if (!named.some((value) => value?.trim())) return undefined;
  const overrideEnvVars: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value?.trim()) overrideEnvVars[name] = value;
  const { connectionOptions, namespace } = loadConfiguration(overrideEnvVars);
  const { address } = connectionOptions;
  return address ? { address, namespace, connectionOptions } : undefined;
}

function loadConfiguration(overrideEnvVars: Record<string, string>): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    throw new SettingsError(
      `Temporal's configuration cannot be used (${messageOf(error)}); correct TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE or what they name.`,
      { cause: error },
    );
  }
}

/** Reads the settings. Throws a `SettingsError` that names the variable whose value is wrong. */
export function readSettings(env: NodeJS.ProcessEnv): LocalSettings {
  const parsed = environmentSchema.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new SettingsError(`The environment is not valid: ${problems.join('; ')}.`);
  }
  const values = parsed.data;
  if (values.OPENAI_BASE_URL && !values.OPENAI_API_KEY) {
    throw new SettingsError(
      'OPENAI_BASE_URL is set, but no key. Set OPENAI_API_KEY (for an emulator any text), or unset OPENAI_BASE_URL.',
    );
  }
  const external = externalTemporal(env);
  const corpus = values.DURABLE_RESEARCH_EMULATOR_CORPUS;
  return {
    external,
    namespace: external?.namespace ?? values.TEMPORAL_NAMESPACE ?? 'default',
    taskQueue: values.TEMPORAL_TASK_QUEUE ?? DEFAULT_TASK_QUEUE,
    provider: values.OPENAI_API_KEY
      ? { kind: 'api', baseUrl: withoutCredentials(values.OPENAI_BASE_URL ?? DEFAULT_API_URL) }
      : { kind: 'emulator', speed: values.DURABLE_RESEARCH_EMULATOR_SPEED, corpus: corpus && path.resolve(corpus) },
    sharesCreates: values.DURABLE_RESEARCH_REQUESTS_PER_MINUTE !== undefined,
    idleMs: values.DURABLE_RESEARCH_IDLE_MINUTES * 60_000,
  };
}
