/** Worker entry: compose a worker into your own service, or run the engine's own. */
export { announceEnds } from './announce-ends';
export type { Announced } from './announce-ends';
export { ConfigurationError, readWorkerConfig } from './config';
export type { NotifyConfig, ProviderConfig, WorkerConfig } from './config';
export { createResearchWorker } from './create-worker';
export type { ResearchWorker, ResearchWorkerOptions } from './create-worker';
export { estimateWorstUsd } from './estimate';
export type { WorstCost } from './estimate';
export { openAnnouncement } from './open-announcement';
export type { Announcement } from './open-announcement';
export { readText } from './read-text';
export { NotAHistoryError, replayHistory } from './replay';
export type { ReplayOutcome } from './replay';
export { runWorker } from './run-worker';
export type { WorkerReady } from './run-worker';
export { uploadFiles } from './upload';
export type { UploadRequest } from './upload';
