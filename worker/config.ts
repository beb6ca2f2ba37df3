import { resolve } from 'node:path';
import { type WorkerDeploymentVersion } from '@temporalio/common';
import { z } from 'zod';
import { type EncryptionKey, parseEncryptionKeys } from '../codec';
import { ConfigurationError } from '../contract/configuration-error';
import { durationMs, durationSchema } from '../contract/duration';
import { DEFAULT_TASK_QUEUE } from '../contract/names';
import { BACKGROUND_SETTINGS, type BackgroundSetting } from './background-memory';
import { type TracesConfig } from './spans';
import { tracesConfig, tracesEnvironment } from './traces-config';

export { ConfigurationError };

/** Model used where neither step nor `OPENAI_MODEL` names one. The only model name outside the price table. */
export const DEFAULT_MODEL = 'gpt-6.1-terra';
const DEFAULT_HOME = '.durable-research';
/** Origin that the embedded emulator is given; its port may change, its name does not. */
const EMULATOR_ORIGIN = /^emulator:/;

const optional = z.string().optional();
/** A create that may take less is given up before it is answered, one that may take longer parks a step. */
const CREATE_TIMEOUT_MS = { min: 1_000, max: 600_000 } as const;
const createTimeoutSchema = durationSchema.refine(
  (text) => durationMs(text) >= CREATE_TIMEOUT_MS.min && durationMs(text) <= CREATE_TIMEOUT_MS.max,
  'expected a duration between 1s and 10m',
);
/** Far from Temporal's limit of 51,200 events; low bounds cost nothing but time. */
const HISTORY_EVENTS = { min: 20, max: 40_000, default: 10_000 } as const;
const historyEventsSchema = z
  .string()
  .transform(Number)
  .refine(
    (count) => Number.isInteger(count) && count >= HISTORY_EVENTS.min && count <= HISTORY_EVENTS.max,
    `expected a whole number from ${HISTORY_EVENTS.min} to ${HISTORY_EVENTS.max}`,
  );
/** Below the least, a step would wait for longer than most deadlines. */
const REQUESTS_PER_MINUTE = { min: 1, max: 1_000_000 } as const;
const requestsPerMinuteSchema = z
  .string()
  .transform(Number)
  .refine(
    (rate) => rate >= REQUESTS_PER_MINUTE.min && rate <= REQUESTS_PER_MINUTE.max,
    `expected a number from ${REQUESTS_PER_MINUTE.min} to ${REQUESTS_PER_MINUTE.max}`,
  );
/** `s3://` with a bucket and, if wanted, a prefix. */
const S3_STORE = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]*))?$/;
const STORE = new RegExp(`^(?:files|provider)$|${S3_STORE.source}`);
const WEBHOOK_SECRET = /^(?:whsec_)?(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const environmentSchema = z.object({
  OPENAI_API_KEY: optional,
  OPENAI_BASE_URL: optional,
  OPENAI_ORG_ID: optional,
  OPENAI_PROJECT_ID: optional,
  OPENAI_MODEL: optional,
  OPENAI_WEBHOOK_SECRET: optional.refine(
    (text) => secretsOf(text).every((secret) => WEBHOOK_SECRET.test(secret)),
    'expected secrets in base64, with or without "whsec_" before them, separated by spaces',
  ),
  TEMPORAL_TASK_QUEUE: optional,
  TEMPORAL_DEPLOYMENT_NAME: optional.refine((name) => !name || !/[:.]/.test(name), 'may hold neither "." nor ":"'),
  TEMPORAL_WORKER_BUILD_ID: optional,
  DURABLE_RESEARCH_HOME: optional,
  DURABLE_RESEARCH_ORIGIN: optional,
  DURABLE_RESEARCH_STORE: z.string().regex(STORE, 'expected "files", "provider" or "s3://bucket/prefix"').optional(),
  DURABLE_RESEARCH_PRICES: optional,
  DURABLE_RESEARCH_TOOLS: optional,
  DURABLE_RESEARCH_MCP: optional,
  DURABLE_RESEARCH_CREATE_TIMEOUT: createTimeoutSchema.optional(),
  DURABLE_RESEARCH_BACKGROUND: z.enum(BACKGROUND_SETTINGS, 'expected "auto", "full" or "none"').optional(),
  DURABLE_RESEARCH_HISTORY_EVENTS: historyEventsSchema.optional(),
  DURABLE_RESEARCH_REQUESTS_PER_MINUTE: requestsPerMinuteSchema.optional(),
  DURABLE_RESEARCH_NOTIFY_URL: z.url({ protocol: /^https?$/, error: 'expected an http(s) URL' }).optional(),
  DURABLE_RESEARCH_NOTIFY_SECRET: z
    .string()
    .regex(WEBHOOK_SECRET, 'expected a secret in base64, with or without "whsec_" before it')
    .optional(),
  DURABLE_RESEARCH_NOTIFY_COMMAND: optional,
  ...tracesEnvironment,
  DURABLE_RESEARCH_ENCRYPTION_KEYS: optional,
});

/** How to reach the provider. `apiKey` must never be printed. */
export interface ProviderConfig {
  apiKey: string;
  baseURL?: string;
  organization?: string;
  project?: string;
  /** Name recorded in runs; default: base URL and organisation. */
  origin?: string;
}

/** Everything that a worker reads from its environment, once, at its start. See docs/configuration.md. */
export interface WorkerConfig {
  provider: ProviderConfig;
  /** True when the provider is the offline emulator. */
  simulated: boolean;
  defaultModel: string;
  taskQueue: string;
  /** Worker deployment and build that runs are pinned to; undefined: runs go on with whatever worker is there. */
  deploymentVersion?: WorkerDeploymentVersion;
  /** Absolute path of the directory for outputs. */
  home: string;
  /** Files under `home`, the provider alone, or a bucket. */
  store: 'files' | 'provider' | { bucket: string; prefix: string };
  pricesFile?: string;
  /** Modules that export tools, as `require` finds them from the working directory. Default none. */
  toolModules: string[];
  /** File of MCP servers. Default none. */
  mcpFile?: string;
  /** How long a create may take before it counts as ambiguous, in milliseconds. Default 30 s. */
  createTimeoutMs: number;
  /** Whether the provider has background mode; `auto`, the default, finds out. */
  background: BackgroundSetting;
  /** Events of history after which a run goes on in a new execution. Default 10,000; the server may suggest it earlier. */
  historyEvents: number;
  /**
   * Creates a minute of all workers of the task queue together; the same at each of them. Undefined: creates have no
   * limit, and no queue of their own.
   */
  requestsPerMinute?: number;
  notify?: NotifyConfig;
  /** Secrets of the provider's webhooks; none: webhooks are not used. Must never be printed. */
  webhookSecrets: string[];
  /** Where OpenTelemetry spans are sent; none where it is undefined. */
  traces?: TracesConfig;
  /** Keys of the payloads in Temporal; none: they are not encrypted. Must never be printed. */
  encryptionKeys: EncryptionKey[];
}

/** Whom the worker tells about the end of a run: a webhook, a command, or both. */
export interface NotifyConfig {
  url?: string;
  /** Signs the webhook by the Standard Webhooks rules. Must never be printed. */
  secret?: string;
  /** Run by the shell with the notification as JSON on its standard input. */
  command?: string;
}

/**
 * Reads a worker's configuration.
 * @throws ConfigurationError naming the variable; values are not echoed.
 */
export function readWorkerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  const parsed = environmentSchema.safeParse(withoutBlanks(env));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ConfigurationError(`the environment is not valid: ${problems.join('; ')}`);
  }
  const values = parsed.data;
  return {
    provider: providerConfig(values),
    simulated: EMULATOR_ORIGIN.test(values.DURABLE_RESEARCH_ORIGIN ?? ''),
    defaultModel: values.OPENAI_MODEL ?? DEFAULT_MODEL,
    taskQueue: values.TEMPORAL_TASK_QUEUE ?? DEFAULT_TASK_QUEUE,
    deploymentVersion: deploymentVersion(values),
    home: resolve(values.DURABLE_RESEARCH_HOME ?? DEFAULT_HOME),
    store: storeOf(values.DURABLE_RESEARCH_STORE),
    pricesFile: values.DURABLE_RESEARCH_PRICES,
    createTimeoutMs: durationMs(values.DURABLE_RESEARCH_CREATE_TIMEOUT ?? '30s'),
    background: values.DURABLE_RESEARCH_BACKGROUND ?? 'auto',
    historyEvents: values.DURABLE_RESEARCH_HISTORY_EVENTS ?? HISTORY_EVENTS.default,
    requestsPerMinute: values.DURABLE_RESEARCH_REQUESTS_PER_MINUTE,
    notify: notifyConfig(values),
    toolModules: (values.DURABLE_RESEARCH_TOOLS ?? '').split(',').flatMap((name) => name.trim() || []),
    mcpFile: values.DURABLE_RESEARCH_MCP,
    // Several while one is replaced by another.
    webhookSecrets: secretsOf(values.OPENAI_WEBHOOK_SECRET),
    traces: tracesConfig(values),
    encryptionKeys: parseEncryptionKeys(values.DURABLE_RESEARCH_ENCRYPTION_KEYS),
  };
}

/** Compose files and shells set what is not there to an empty text. */
function withoutBlanks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const set = Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : []));
  return Object.fromEntries(set) as NodeJS.ProcessEnv;
}

type Environment = z.infer<typeof environmentSchema>;

function providerConfig(values: Environment): ProviderConfig {
  if (values.OPENAI_API_KEY === undefined) {
    throw new ConfigurationError(
      'OPENAI_API_KEY is not set. Set it to a key of the provider, or start with "durable-research run" or "durable-research dev", which use the offline emulator without a key',
    );
  }
  return {
    apiKey: values.OPENAI_API_KEY,
    baseURL: values.OPENAI_BASE_URL,
    organization: values.OPENAI_ORG_ID,
    project: values.OPENAI_PROJECT_ID,
    origin: values.DURABLE_RESEARCH_ORIGIN,
  };
}

function secretsOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((secret) => secret !== '');
}

/** Either alone would start a worker that polls without a version, where its operator believes in one. */
function deploymentVersion(values: Environment): WorkerDeploymentVersion | undefined {
  const { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId } = values;
  if (deploymentName !== undefined && buildId !== undefined) return { deploymentName, buildId };
  if (deploymentName === undefined && buildId === undefined) return undefined;
  const [set, missing] =
    buildId === undefined
      ? ['TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_WORKER_BUILD_ID']
      : ['TEMPORAL_WORKER_BUILD_ID', 'TEMPORAL_DEPLOYMENT_NAME'];
  throw new ConfigurationError(
    `${set} is set without ${missing}; set both for a worker of a deployment version, or neither`,
  );
}

function storeOf(text = 'files'): WorkerConfig['store'] {
  const [, bucket, prefix = ''] = S3_STORE.exec(text) ?? [];
  if (bucket !== undefined) return { bucket, prefix: prefix.replace(/^\/+|\/+$/g, '') };
  return text === 'provider' ? 'provider' : 'files';
}

function notifyConfig(values: Environment): NotifyConfig | undefined {
  const url = values.DURABLE_RESEARCH_NOTIFY_URL;
  const secret = values.DURABLE_RESEARCH_NOTIFY_SECRET;
  const command = values.DURABLE_RESEARCH_NOTIFY_COMMAND;
  if (url !== undefined && secret === undefined) {
    throw new ConfigurationError(
      'DURABLE_RESEARCH_NOTIFY_URL is set without DURABLE_RESEARCH_NOTIFY_SECRET; set a secret ("whsec_…"), so that the receiver can tell who calls',
    );
  }
  return url === undefined && command === undefined ? undefined : { url, secret, command };
}
