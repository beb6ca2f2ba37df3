export {
  findTemporal,
  TemporalNotFoundError,
  type FindTemporalOptions,
  type FoundTemporal,
  type TriedRung,
} from './ladder';
export { startTemporalServer, type TemporalServer, type TemporalServerOptions } from './temporal-server';
export { doctor, type DoctorFinding } from './doctor';
export { ensureRunning, type EnsureRunningOptions } from './ensure';
export { runForeground, type RunForegroundOptions } from './foreground';
export { SettingsConflictError } from './judge';
export { findRunning, type LocalStack } from './running';
export { externalTemporal, homeDirectory, type ExternalTemporal } from './settings';
export { LocalStartError } from './spawn-supervisor';
export { stop, type Stopped, type StopOptions } from './stop';
