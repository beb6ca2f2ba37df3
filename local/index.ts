export {
  findTemporal,
  TemporalNotFoundError,
  type FindTemporalOptions,
  type FoundTemporal,
  type TriedRung,
} from './ladder';
export { startTemporalServer, type TemporalServer, type TemporalServerOptions } from './temporal-server';
export { ensureRunning, LocalStartError, SettingsConflictError, type EnsureRunningOptions } from './ensure';
export { runForeground, type RunForegroundOptions } from './foreground';
export { findRunning, type LocalStack } from './running';
export { homeDirectory } from './settings';
export { stop, type Stopped, type StopOptions } from './stop';
