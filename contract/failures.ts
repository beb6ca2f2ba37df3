import { z } from 'zod';

/**
 * Failure types of the engine: the name is the decision.
 * `temporal`: Temporal retries the activity; `workflow`: the workflow decides; `never`: something must change first.
 */
export const FAILURES = {
  /** The response is not terminal yet; waiting, not an error. */
  ResponsePending: 'temporal',
  /** 429 that is not a quota: retried after the delay that the headers ask for. */
  RateLimited: 'temporal',
  /** A limit is used up, as the provider's headers tell: the worker has not sent the create, and does so later. */
  HeldBack: 'temporal',
  /** Another response is working on the conversation. */
  ConversationBusy: 'temporal',
  /** The provider could not be reached, or answered 5xx to a read. */
  ProviderUnavailable: 'temporal',
  /** The provider may have accepted a create whose answer was lost. */
  CreateAmbiguous: 'workflow',
  /** The provider refuses background mode: nothing was created, and the step can run in the foreground. */
  BackgroundUnsupported: 'workflow',
  /** A create whose answer was lost was accepted: its prompt stands in the conversation, and would be said twice. */
  AlreadyInConversation: 'never',
  /** The response ended as `failed` with a code that may pass. */
  ResponseFailed: 'workflow',
  /** The response stayed `queued` for longer than the step's `maxQueued`. */
  ResponseStuck: 'workflow',
  /** The response was cancelled at the provider by somebody else. */
  ResponseCancelled: 'never',
  /** The response ended as `incomplete` and the step does not accept that. */
  ResponseIncomplete: 'never',
  /** The provider refuses the request as it is. */
  InvalidRequest: 'never',
  /** The provider refuses the API key. */
  Unauthorized: 'never',
  /** The account has no money or quota left. */
  QuotaExhausted: 'never',
  /** Neither the output store nor the provider knows the response any more. */
  ResponseLost: 'never',
  /** The model or a filter refused to answer. */
  ContentRefused: 'never',
  /** The worker talks to another provider than the run began with. */
  ProviderMismatch: 'never',
  /** The run's budget has no room for the worst price of the create, and stops there. */
  BudgetExhausted: 'never',
  /** A person decided against going on. */
  ApprovalRejected: 'never',
  /** The step's own deadline passed before its response ended. */
  DeadlineExceeded: 'never',
  /** This worker does not have the tool that a step named; another one, or a later build, may. */
  ToolUnavailable: 'temporal',
  /** An MCP server of the worker could not be started or reached: nothing was called. */
  McpUnavailable: 'temporal',
  /** A tool failed, and its `onError` says that its step fails by that. */
  ToolFailed: 'never',
  /** A call of a tool that is not idempotent was begun and its end is not known: it may have happened. */
  ToolUncertain: 'never',
  /** For the second time in one step the model called a tool with arguments that its schema refuses. */
  ToolArguments: 'never',
  /** For the second time in one step the model called a tool that the step does not offer. */
  ToolNotOffered: 'never',
  /** The step's last turn asked for tools instead of giving an answer. */
  TurnsExhausted: 'never',
  /** The workflow's input is wrong; the message names the path. */
  InvalidInput: 'never',
  /** No final step of the run has an output. */
  NoOutput: 'never',
} as const satisfies Record<string, 'temporal' | 'workflow' | 'never'>;

/** Name of a failure, the `type` of a Temporal `ApplicationFailure`. */
export type FailureType = keyof typeof FAILURES;

export const failureTypeSchema = z.enum(Object.keys(FAILURES) as [FailureType, ...FailureType[]]);

/** True where Temporal itself may try the same activity again. */
export function isRetryable(type: FailureType): boolean {
  return FAILURES[type] === 'temporal';
}
