import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readTelemetry } from './telemetry';

/**
 * Sets up logs and metrics of this process. Call it first, once. Logs go to standard error. With
 * `DURABLE_RESEARCH_METRICS` set, metrics of Temporal's SDK and of the engine are served there as `/metrics`.
 * @throws ConfigurationError for a setting that is wrong.
 */
export function installRuntime(env: NodeJS.ProcessEnv): void {
  const { metrics } = readTelemetry(env);
  const bindAddress = metrics && `${metrics.host}:${metrics.port}`;
  Runtime.install({
    logger: new DefaultLogger('INFO'),
    telemetryOptions:
      bindAddress === undefined
        ? {}
        : { metrics: { prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true } } },
  });
}
