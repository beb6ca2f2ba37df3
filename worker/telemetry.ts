import { type Address } from './health';
import { ConfigurationError } from './config';

/** Where operators look at a worker. */
export interface Telemetry {
  /** Prometheus metrics; none where it is undefined. */
  metrics?: Address;
  /** `GET /healthz`; none where it is undefined. */
  health?: Address;
}

/**
 * Reads `DURABLE_RESEARCH_METRICS` and `DURABLE_RESEARCH_HEALTH`, each `host:port`.
 * @throws ConfigurationError naming the variable.
 */
export function readTelemetry(env: NodeJS.ProcessEnv): Telemetry {
  return {
    metrics: addressOf('DURABLE_RESEARCH_METRICS', env),
    health: addressOf('DURABLE_RESEARCH_HEALTH', env),
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
