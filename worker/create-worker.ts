import { Client } from '@temporalio/client';
import { type InjectedSinks, type NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities, type ActivityDeps } from '../activities';
import { dataConverterOf } from '../codec';
import { createProvider, loadPrices } from '../openai';
import { createFileStore } from '../store/files';
import type * as S3 from '../store/s3';
import { type RunSpanSinks } from '../contract/spans';
import { providerStore } from '../store/provider';
import { remember } from '../store/remember';
import { type Tool } from '../tools/define-tool';
import { type McpConfig } from '../tools/mcp/config';
import { type McpLog } from '../tools/mcp/connection';
import { createMcpServers } from '../tools/mcp/servers';
import { readMcpConfig } from './mcp-config';
import { readTools } from './read-tools';
import { workflowSource } from './bundle';
import { type WorkerConfig } from './config';
import { createAnnouncers } from './announcers';
import { rememberBackground } from './background-memory';
import type * as ExportSpans from './export-spans';
import { createCreatesWorker, createsTaskQueue } from './creates-worker';
import { createNotifier } from './notify';
import { type SpanExport } from './spans';
import { stepLog } from './step-log';

/** Beyond a create's own time-out, so that a graceful shutdown never loses the id of a response that runs. */
const SHUTDOWN_MARGIN_MS = 10_000;

/** Options of {@link createResearchWorker}. */
export interface ResearchWorkerOptions {
  config: WorkerConfig;
  connection: NativeConnection;
  namespace: string;
  /** Module of your own workflows; it should `export * from 'durable-research/workflow'`. Default: the engine's alone. */
  workflowsPath?: string;
  /** Tools of your own that steps may name, beside those of the modules in `config.toolModules`. */
  tools?: readonly Tool[];
  /** MCP servers that this worker starts or calls, by their names, beside those of the file `config.mcpFile`. */
  mcpServers?: McpConfig['mcpServers'];
  /** Credentials of MCP servers that the provider calls, by their labels, beside those of the file. */
  hostedMcpServers?: McpConfig['hostedMcpServers'];
  /** Activities of your own, beside the engine's. */
  activities?: object;
  /** Replaces parts of what the activities work with. */
  deps?: Partial<ActivityDeps>;
  /** Further options of the Temporal worker. A `dataConverter` here takes the place of the one by the encryption keys. */
  worker?: Partial<WorkerOptions>;
}

/** A worker of the engine: polls until `shutdown()`, then ends its watches. */
export interface ResearchWorker {
  /** The one that runs workflows; beside it another one polls the queue of creates. */
  worker: Worker;
  /** What the worker talks to, as runs record it. */
  origin: string;
  run(): Promise<void>;
  /** Tells both to end what they have begun and to take nothing new; a second time it does nothing. */
  shutdown(): void;
}

/**
 * Composes a worker: provider, output store, watcher, tools, activities and workflows on one task queue, and creates on
 * one of their own.
 * @throws ConfigurationError for a module of tools that cannot be loaded, for two tools of one name, for one whose
 * arguments the API's strict mode cannot express, and for MCP servers whose configuration is wrong.
 */
export async function createResearchWorker(options: ResearchWorkerOptions): Promise<ResearchWorker> {
  const { config, connection, namespace } = options;
  const dataConverter = options.worker?.dataConverter ?? dataConverterOf(config.encryptionKeys);
  const client = new Client({ connection, namespace, identity: options.worker?.identity, dataConverter });
  const mcpConfig = await readMcpConfig(options);
  const mcp = createMcpServers(mcpConfig, logMcp);
  const provider = createProvider({ ...config.provider, secrets: mcpConfig.secrets });
  const sources = { provider, store: createStore(config), ...options.deps };
  const webhooks = config.webhookSecrets.length > 0;
  const announcers = createAnnouncers(client, { ...sources, webhooks });
  const spans = openSpanExport(config);
  const deps: ActivityDeps = {
    announcer: announcers.announcer,
    background: rememberBackground(config.background),
    prices: await loadPrices(config.pricesFile),
    defaultModel: config.defaultModel,
    simulated: config.simulated,
    createTimeoutMs: config.createTimeoutMs,
    webhooks,
    traces: config.traces !== undefined,
    historyEvents: config.historyEvents,
    createTaskQueue: config.requestsPerMinute === undefined ? undefined : createsTaskQueue(config.taskQueue),
    tools: await readTools(options),
    mcp,
    notify: config.notify && createNotifier(config.notify),
    ...sources,
  };
  const activities = createActivities(deps);
  const shared = sharedOptions(options, dataConverter);
  const worker = await Worker.create({
    ...shared,
    ...(options.workflowsPath === undefined ? workflowSource(dataConverter) : { workflowsPath: options.workflowsPath }),
    activities: { ...options.activities, ...activities },
    // The pause after a killed worker, before another one takes over its workflows.
    stickyQueueScheduleToStartTimeout: '2s',
    ...options.worker,
    interceptors: { ...options.worker?.interceptors, ...shared.interceptors },
    sinks: { ...spanSinks(namespace, spans), ...options.worker?.sinks },
  });
  const { requestsPerMinute } = config;
  const creates = await createCreatesWorker({ shared, activities, requestsPerMinute });
  const workers = [worker, creates];
  return {
    worker,
    origin: deps.provider.origin,
    run: () => runUntilShutdown(workers, [() => announcers.stop(), () => spans?.close(), () => mcp.close()]),
    shutdown: () => workers.forEach(stop),
  };
}

/** What the workers of both queues have alike. */
function sharedOptions(
  { config, connection, namespace, worker }: ResearchWorkerOptions,
  dataConverter: WorkerOptions['dataConverter'],
): WorkerOptions & { taskQueue: string } {
  return {
    connection,
    namespace,
    ...(worker?.identity !== undefined && { identity: worker.identity }),
    taskQueue: config.taskQueue,
    dataConverter,
    // A cancel is learned by the answer to a heartbeat.
    maxHeartbeatThrottleInterval: '3s',
    workerDeploymentOptions: config.deploymentVersion && {
      version: config.deploymentVersion,
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
    shutdownGraceTime: config.createTimeoutMs + SHUTDOWN_MARGIN_MS,
    interceptors: { activity: [stepLog, ...(worker?.interceptors?.activity ?? [])] },
  };
}

function logMcp(...[level, message, attributes]: Parameters<McpLog>): void {
  Runtime.instance().logger[level](message, attributes);
}

/** Neither worker goes on without the other one. What their activities have used is ended in that order. */
async function runUntilShutdown(workers: readonly Worker[], ends: (() => unknown)[]): Promise<void> {
  try {
    const running = workers.map((worker) => worker.run().finally(() => workers.forEach(stop)));
    await Promise.allSettled(running);
    await Promise.all(running);
  } finally {
    for (const end of ends) await end();
  }
}

/** One that drains already must not be told again: that throws. */
function stop(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

function openSpanExport({ traces }: WorkerConfig): SpanExport | undefined {
  if (!traces) return undefined;
  const { createSpanExport } = require('./export-spans') as typeof ExportSpans;
  return createSpanExport(traces, (error, spans) =>
    Runtime.instance().logger.warn('spans could not be sent and are lost', { spans, reason: error.message }),
  );
}

/** Registered always: another worker may have begun the run and asked for its spans. */
function spanSinks(namespace: string, spans: SpanExport | undefined): InjectedSinks<RunSpanSinks> {
  return {
    durableResearch: {
      spanEnded: {
        fn: ({ workflowId, runId, firstExecutionRunId }, span) =>
          spans?.spanEnded({ namespace, workflowId, runId, firstExecutionRunId }, span),
      },
    },
  };
}

/** The output store that a worker of this configuration uses. */
export function createStore({ store, home }: WorkerConfig): ActivityDeps['store'] {
  if (typeof store === 'object') {
    // Loaded where it is used alone: the client of the buckets takes longer to load than many a command to run.
    const { createS3Store } = require('../store/s3') as typeof S3;
    return remember(createS3Store(store));
  }
  return store === 'files' ? remember(createFileStore(home)) : providerStore;
}
