import { z } from 'zod';
import { durationMs, durationSchema } from '../contract/duration';
import { fromZod, type InputIssue, pathText, preview } from '../contract/issues';

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

const DEFAULT_TIMEOUT = '1m';
const MAX_RETRIES = 10;

/** Modules of tools may be plain JavaScript, where a mistyped `needsApproval` would ask nobody. */
const optionsSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected a name of at most 64 letters, digits, "_" and "-"'),
  description: z.string().refine((text) => text.trim() !== '', 'expected a text that tells the model what it does'),
  parameters: z.instanceof(z.ZodObject, { error: 'expected an object of zod 4, as z.object({ … }) makes it' }),
  execute: z.custom<ToolOptions<z.ZodObject>['execute']>((value) => typeof value === 'function', 'expected a function'),
  needsApproval: z.boolean().default(false),
  timeout: durationSchema.default(DEFAULT_TIMEOUT),
  idempotent: z.boolean().default(true),
  retries: z.int().min(0).max(MAX_RETRIES).default(0),
  onError: z.enum(['tell', 'fail']).default('tell'),
});

/**
 * A function of your own that steps may give to their model.
 * @throws TypeError naming the tool and the option: an unknown one, one of a wrong type, a name that the provider would
 * refuse, and retries of a tool that is not idempotent.
 * @example
 * const lookUp = defineTool({
 *   name: 'look_up_customer',
 *   description: 'Finds a customer by e-mail address.',
 *   parameters: z.object({ email: z.email() }),
 *   execute: ({ email }, { signal }) => customers.find(email, { signal }),
 * });
 */
export function defineTool<Parameters extends z.ZodObject>(options: ToolOptions<Parameters>): Tool {
  const parsed = optionsSchema.safeParse(options);
  if (!parsed.success) throw refused(options, fromZod(parsed.error, options));
  const { timeout, execute, ...tool } = parsed.data;
  if (tool.retries > 0 && !tool.idempotent)
    throw refused(options, [{ path: ['retries'], message: 'expected 0 for a tool that is not idempotent' }]);
  return {
    ...tool,
    timeoutMs: durationMs(timeout),
    execute: (args, context) => execute(args as Record<string, unknown>, context),
  };
}

function refused(options: unknown, issues: readonly InputIssue[]): TypeError {
  const name: unknown = Object(options).name;
  return new TypeError(
    `tool ${preview(name)}: ${issues.map(({ path, message }) => `${pathText(path)}: ${message}`).join('; ')}`,
  );
}
