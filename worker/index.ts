/** Worker entry: compose a worker into your own service, or run the engine's own. */
export { ConfigurationError, readWorkerConfig } from './config';
export type { NotifyConfig, ProviderConfig, WorkerConfig } from './config';
export { createResearchWorker } from './create-worker';
export type { ResearchWorker, ResearchWorkerOptions } from './create-worker';
export { runWorker } from './run-worker';
export type { WorkerReady } from './run-worker';
