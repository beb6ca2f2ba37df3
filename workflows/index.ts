/** Sandbox-safe entry: a user's own workflows re-export it and use `openRun` and `respond` as building blocks. */
export { pipeline } from './pipeline';
export { respond } from './respond';
export type { Responded, RespondContext, RespondStep } from './turn';
export { deleteResponses } from './deletions';
export { openRun } from './run';
export type { Run, RunOptions } from './run';
export type { CarriedRun } from '../contract/carry';
