export {
  findTemporal,
  TemporalNotFoundError,
  type FindTemporalOptions,
  type FoundTemporal,
  type TriedRung,
} from './ladder';
export { startTemporalServer, type TemporalServer, type TemporalServerOptions } from './temporal-server';
