import { type LogLevel } from '@temporalio/worker';
import { ConfigurationError } from '../contract/configuration-error';
import { type Address } from './health';
import { type LogConfig } from './log';

const FORMATS = ['text', 'json'] as const;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** How operators look at a worker or a gateway. */
export interface Telemetry {
  /** Prometheus metrics; none where it is undefined. */
  metrics?: Address;
  /** `GET /healthz`; none where it is undefined. */
  health?: Address;
  log: LogConfig;
}

/**
 * Reads `DURABLE_RESEARCH_METRICS` and `DURABLE_RESEARCH_HEALTH`, each `host:port`, `DURABLE_RESEARCH_LOG` and
 * `DURABLE_RESEARCH_LOG_LEVEL`.
 * @throws ConfigurationError naming the variable.
 */
export function readTelemetry(env: NodeJS.ProcessEnv): Telemetry {
  return {
    metrics: addressOf('DURABLE_RESEARCH_METRICS', env),
    health: addressOf('DURABLE_RESEARCH_HEALTH', env),
    log: {
      format: wordOf('DURABLE_RESEARCH_LOG', FORMATS, env) ?? 'text',
      level: (wordOf('DURABLE_RESEARCH_LOG_LEVEL', LEVELS, env) ?? 'info').toUpperCase() as LogLevel,
    },
  };
}

function addressOf(name: string, env: NodeJS.ProcessEnv): Address | undefined {
  const text = env[name]?.trim();
  if (!text) return undefined;
  const [, host, port] = /^(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535 || Number(port) === 0) {
    throw new ConfigurationError(`${name}: expected an address such as 0.0.0.0:9464, got "${text}"`);
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function wordOf<T extends string>(name: string, words: readonly T[], env: NodeJS.ProcessEnv): T | undefined {
  const text = env[name]?.trim().toLowerCase();
  if (!text) return undefined;
  const word = words.find((one) => one === text);
  if (word === undefined) throw new ConfigurationError(`${name}: expected ${words.join(', ')}, got "${text}"`);
  return word;
}
