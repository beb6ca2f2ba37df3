import { type z } from 'zod';
import { durationMs, durationSchema } from '../contract/duration';

/** What a tool's function is told beside its arguments. */
export interface ToolContext {
  /**
   * `<workflowId>/<stepId>/<turn>/<callId>`: the same in every attempt of one call, and of no other call. Whoever writes
   * somewhere sends it along, so that what is tried again happens once.
   */
  idempotencyKey: string;
  workflowId: string;
  stepId: string;
  /** The response of the step that asked for the call, counted from 1. */
  turn: number;
  /** The call's id at the provider. */
  callId: string;
  /** Aborted when the attempt has run out of time, when the run is cancelled, and when the worker shuts down. */
  signal: AbortSignal;
}

/** Options of {@link defineTool}. */
export interface ToolOptions<Parameters extends z.ZodObject> {
  /** Name by which steps and models ask for it: letters, digits, `_` and `-`, at most 64. */
  name: string;
  /** Tells the model what it does and when to use it. */
  description: string;
  /** Its arguments; models see them as a JSON schema, with the descriptions of their fields. */
  parameters: Parameters;
  /** Does the work. What it returns is sent to the model: a string as it is, anything else as JSON. */
  execute: (args: z.output<Parameters>, context: ToolContext) => unknown;
  /** Whether a person decides on every call before it is made. Default false. */
  needsApproval?: boolean;
  /** Longest time of one attempt, such as `30s`. Default `1m`. */
  timeout?: string;
  /**
   * Whether a call whose attempt died may be made again, with the same idempotency key. Default true; with false the
   * model, or the step, is told that the call may have happened.
   */
  idempotent?: boolean;
  /**
   * How often a call is made again after its function has thrown, a second later and then twice as long. Default 0: what
   * it throws is its answer. Only for tools that are idempotent.
   */
  retries?: number;
  /** What a call that fails does: tell the model its error, or fail the step. Default tell. */
  onError?: 'tell' | 'fail';
}

/** A tool as workers register it. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: z.ZodObject;
  readonly needsApproval: boolean;
  readonly timeoutMs: number;
  readonly idempotent: boolean;
  readonly retries: number;
  readonly onError: 'tell' | 'fail';
  /** Arguments are parsed by `parameters` before it is called. */
  execute(args: unknown, context: ToolContext): unknown;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const DEFAULT_TIMEOUT = '1m';
const MAX_RETRIES = 10;

/**
 * A function of your own that steps may give to their model.
 * @throws TypeError for a name that the provider would refuse, an empty description, a timeout that is no duration, and
 * retries of a tool that is not idempotent.
 * @example
 * const lookUp = defineTool({
 *   name: 'look_up_customer',
 *   description: 'Finds a customer by e-mail address.',
 *   parameters: z.object({ email: z.email() }),
 *   execute: ({ email }, { signal }) => customers.find(email, { signal }),
 * });
 */
export function defineTool<Parameters extends z.ZodObject>(options: ToolOptions<Parameters>): Tool {
  const { name, description, parameters, execute, timeout = DEFAULT_TIMEOUT, idempotent = true, retries = 0 } = options;
  if (!NAME.test(name))
    throw new TypeError(`tool "${name}": expected a name of at most 64 letters, digits, "_" and "-"`);
  if (description.trim() === '')
    throw new TypeError(`tool "${name}": expected a description that tells the model what it does`);
  if (!durationSchema.safeParse(timeout).success)
    throw new TypeError(`tool "${name}": timeout: expected a duration such as "30s", got "${timeout}"`);
  if (!Number.isInteger(retries) || retries < 0 || retries > MAX_RETRIES || (retries > 0 && !idempotent))
    throw new TypeError(`tool "${name}": retries: expected 0 to ${MAX_RETRIES}, and 0 for one that is not idempotent`);
  return {
    name,
    description,
    parameters,
    needsApproval: options.needsApproval ?? false,
    timeoutMs: durationMs(timeout),
    idempotent,
    retries,
    onError: options.onError ?? 'tell',
    execute: (args, context) => execute(args as z.output<Parameters>, context),
  };
}
