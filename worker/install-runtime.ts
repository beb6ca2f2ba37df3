import { type Logger, Runtime } from '@temporalio/worker';
import { createLogger } from './log';
import { readTelemetry } from './telemetry';

const SECOND = 1_000;
const MINUTE = 60_000;
/** Bounds of histograms in milliseconds: the exporter's own end where a response has hardly begun. */
const LAG_BUCKETS = [10, 50, 100, 250, 500, SECOND, 2_500, 5_000, 10_000, 30_000, MINUTE, 5 * MINUTE];
const WAIT_BUCKETS = [
  SECOND,
  5_000,
  10_000,
  30_000,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  60 * MINUTE,
];

/**
 * Sets up logs and metrics of this process, as `DURABLE_RESEARCH_LOG`, `DURABLE_RESEARCH_LOG_LEVEL` and
 * `DURABLE_RESEARCH_METRICS` say, and returns the logger. Call it first, once. Logs go to standard error; where it has an
 * address, metrics of Temporal's SDK and of the engine are served there as `/metrics`.
 * @throws ConfigurationError for a setting that is wrong.
 */
export function installRuntime(env: NodeJS.ProcessEnv): Logger {
  const { metrics, log } = readTelemetry(env);
  const runtime = Runtime.install({
    logger: createLogger(log),
    telemetryOptions: {
      // What the SDK's native part logs goes the same way, or its lines would be of another format.
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
      ...(metrics && { metrics: prometheus(`${metrics.host}:${metrics.port}`) }),
    },
  });
  // Lines wait 100 ms to be put in order with those of the native part; those of the last moment would be lost.
  process.once('exit', () => runtime.flushLogs());
  return runtime.logger;
}

function prometheus(bindAddress: string) {
  return {
    prometheus: {
      bindAddress,
      countersTotalSuffix: true,
      unitSuffix: true,
      histogramBucketOverrides: {
        durable_research_wait: WAIT_BUCKETS,
        durable_research_announcement_lag: LAG_BUCKETS,
        durable_research_webhook_lag: LAG_BUCKETS,
      },
    },
  };
}
