export { findTemporal, type FindTemporalOptions, type FoundTemporal, type TriedRung } from './ladder';
export { startTemporalServer, type TemporalServer, type TemporalServerOptions } from './temporal-server';
export { doctor, type DoctorFinding } from './doctor';
export { ensureRunning, type EnsureRunningOptions } from './ensure';
export { decisiveSettings } from './fingerprint';
export { runForeground, type RunForegroundOptions } from './foreground';
export { findRunning, supervisorLife, type LocalStack } from './running';
export { externalTemporal, homeDirectory, type ExternalTemporal } from './settings';
export { stop, type Stopped, type StopOptions } from './stop';
