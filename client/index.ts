/** Client entry: start, follow and end runs from a service of your own. */
export { connect } from './connect';
export type { ConnectOptions } from './connect';
export {
  NoAnswerError,
  RunCancelledError,
  RunConflictError,
  RunFailedError,
  RunNotFoundError,
  UpdateRefusedError,
} from './errors';
export type { FollowEvent, FollowOptions } from './follow';
export { heldBackOf, heldBackText, pendingActivities, troublesOf } from './pending';
export type { HeldBack, PendingActivity } from './pending';
export { ResearchClient } from './research-client';
export type { StartOptions } from './research-client';
export { RunHandle } from './run-handle';
export { readDataConverter } from '../codec';
export type { Approval, Decision } from '../contract/approval';
export { ConfigurationError } from '../contract/configuration-error';
export { InvalidInputError } from '../contract/issues';
export type { Budget, BudgetState, Cap } from '../contract/budget';
export type { Finishing, FinishNow } from '../contract/finish';
export type { Ledger } from '../contract/ledger';
export type { Citation } from '../contract/outcome';
export type { PipelineInput, PipelineResult } from '../contract/pipeline';
export type { Progress, StepProgress } from '../contract/progress';
export type { Steer, Steering } from '../contract/steering';
