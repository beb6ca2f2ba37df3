import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { activityInfo, CancelledFailure, Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { callingSchema, type CallToolInput, MAX_INLINE_RESULT_BYTES, type ToolCalled } from '../contract/activities';
import { MAX_TIMER_MS } from '../contract/duration';
import { type FailureType } from '../contract/failures';
import { callPlace } from '../contract/names';
import { PREVIEW_CHARS } from '../contract/progress';
import { secretKind } from '../contract/secrets';
import { argumentsOf, clean } from '../openai';
import type { ToolContext } from '../tools/define-tool';
import { type ActivityDeps } from './deps';
import { type Callee, calleeOf, LostCall } from './callee';
import { asActivity, assertOrigin, failure, WITHOUT_STORE } from './failures';
import { readOutput } from './read-output';
import { heartbeatNow } from './sending';

/** Longest output of a call that the API takes. */
const MAX_RESULT_BYTES = 10 * 1024 * 1024;
/** Between two heartbeats; the SDK sends as many of them as the worker's throttle allows. */
const HEARTBEAT_MS = 1_000;
const RETRIES_OF_A_DEAD_SERVER = 2;
/** Attempts in a row that may die with their worker: a tool that ends its worker would end every one. */
const MAX_LOST_ATTEMPTS = 10;
/** How long a function may go on after its signal was aborted, before nobody waits for it any more. */
const GRACE_MS = 5_000;

/**
 * Calls one tool, once: its arguments come from the stored output and are parsed by the tool's own schema, its result goes
 * into the output store. Of a tool that is not idempotent no attempt follows one that may have begun: from its first
 * heartbeat on, which is awaited, the workflow takes a lost attempt for a call that may have happened.
 */
export async function callTool(deps: ActivityDeps, input: CallToolInput): Promise<ToolCalled> {
  assertOrigin(deps.provider.origin, input.origin);
  const callee = await asActivity(() => calleeOf(deps, input));
  const attempts = 1 + begunBefore();
  if (attempts > 1 + MAX_LOST_ATTEMPTS) return fail(deps, input, endsItsWorkers(attempts - 1));
  const calling = { begun: true, attempts };
  if (!input.idempotent || activityInfo().attempt > 1) await heartbeatNow(calling);
  const beat = setInterval(() => Context.current().heartbeat(calling), HEARTBEAT_MS);
  try {
    const args = await asActivity(() => readArguments(deps, callee, input));
    if ('problem' in args) return await answer(deps, input, { ended: 'refused', text: args.problem });
    return await conclude(deps, input, await attempt(callee, args.value, input));
  } catch (error) {
    clearInterval(beat);
    // It is tried again, and has not died.
    if (error instanceof ApplicationFailure && error.nonRetryable !== true) await heartbeatNow({ begun: false });
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** Attempts right before this one that may have begun and have not ended, as their heartbeats tell. */
function begunBefore(): number {
  const { data } = callingSchema.safeParse(activityInfo().heartbeatDetails);
  return data?.begun ? (data.attempts ?? 1) : 0;
}

function endsItsWorkers(attempts: number): string {
  return `it was begun ${attempts} times and ended in none of them: does it end its worker?`;
}

type Arguments = { value: unknown } | { problem: string };

async function readArguments(deps: ActivityDeps, callee: Callee, input: CallToolInput): Promise<Arguments> {
  const { responseId, callId } = input;
  const { output } = await readOutput(deps, input);
  let given: unknown;
  try {
    given = JSON.parse(argumentsOf(output, responseId, callId));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { problem: `Error: the tool was not called; its arguments are not JSON: ${error.message}` };
  }
  if (!isWithin(MAX_ARGUMENTS_DEPTH, given))
    return { problem: `Error: the tool was not called: its arguments have more than ${MAX_ARGUMENTS_DEPTH} levels` };
  const parsed = await callee.parse(given);
  if (!('problem' in parsed)) return parsed;
  return { problem: `Error: the tool was not called: ${parsed.problem.slice(0, MAX_PROBLEM_CHARS)}` };
}

/** More than people write; deeper ones end whatever goes through them by itself, such as a schema. */
const MAX_ARGUMENTS_DEPTH = 100;
/** It names fields as the model wrote them. */
const MAX_PROBLEM_CHARS = 2_000;

function isWithin(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((one) => isWithin(levels - 1, one));
}

/** How a function ended; `lost` where it did not, so that what it does may still happen. */
type Attempt = { value: unknown } | { problem: string; lost: boolean; final?: boolean; died?: boolean };

async function attempt(callee: Callee, args: unknown, input: CallToolInput): Promise<Attempt> {
  const { cancellationSignal } = Context.current();
  const ms = Math.min(MAX_TIMER_MS, input.timeoutMs, Math.max(1, input.deadlineAt - Date.now()));
  const limit = AbortSignal.timeout(ms);
  const signal = AbortSignal.any([cancellationSignal, limit]);
  const ended = new AbortController();
  const execute = async (): Promise<unknown> => callee.execute(args, contextOf(input, signal));
  try {
    const value = await Promise.race([execute(), graceOver(signal, ended.signal)]);
    if (value !== LOST) return { value };
    if (cancellationSignal.aborted) throw stopped(input);
    return { problem: tookTooLong(ms), lost: true };
  } catch (error) {
    if (cancellationSignal.aborted) throw stopped(input);
    if (limit.aborted) return { problem: tookTooLong(ms), lost: error instanceof LostCall };
    if (error instanceof LostCall) return { problem: messageOf(error), lost: true, died: true };
    if (error instanceof ApplicationFailure && error.type === ('McpUnavailable' satisfies FailureType)) throw error;
    const final = error instanceof ApplicationFailure && error.nonRetryable === true;
    return { problem: messageOf(error), lost: false, final };
  } finally {
    ended.abort();
  }
}

const LOST = Symbol('nobody waits for the function any more');

/** Resolves when the function has had its time after the abort; never, once it has ended. */
async function graceOver(signal: AbortSignal, ended: AbortSignal): Promise<typeof LOST> {
  try {
    if (!signal.aborted) await once(signal, 'abort', { signal: ended });
    return await setTimeout(GRACE_MS, LOST, { signal: ended });
  } catch {
    // By `ended` alone: the race is over.
    return LOST;
  }
}

function tookTooLong(ms: number): string {
  return `it did not end within ${ms / 1000} s`;
}

/** By a cancel of the run, or with the worker: then another one calls it again, if that does no harm. */
function stopped(input: CallToolInput): Error {
  if (input.idempotent || Context.current().cancellationDetails?.cancelRequested)
    return new CancelledFailure(`tool "${input.name}" was stopped`);
  return failure('ToolUncertain', uncertain(input, 'its worker was shut down'));
}

function uncertain({ name, callId }: CallToolInput, why: string): string {
  return `the call ${callId} of tool "${name}" may have happened: ${why}`;
}

function contextOf(input: CallToolInput, signal: AbortSignal): ToolContext {
  const { stepId, turn, callId } = input;
  const workflowId = activityInfo().workflowExecution?.workflowId ?? '';
  return { idempotencyKey: `${workflowId}/${callPlace(input)}`, workflowId, stepId, turn, callId, signal };
}

/** What the tool has thrown, without what nobody should read. */
function messageOf(error: unknown): string {
  const message = thrownText(error);
  if (secretKind(message)) return 'it failed, and its message holds a credential, which is not shown';
  return clean(message) || 'it failed, and gave no reason';
}

/** Anything can be thrown, also what has no text, or fails when it is asked for it. */
function thrownText(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return '';
  }
}

async function conclude(deps: ActivityDeps, input: CallToolInput, ended: Attempt): Promise<ToolCalled> {
  const { idempotent, retries } = input;
  if ('value' in ended) return storeResult(deps, input, ended.value);
  if (ended.lost && !idempotent) throw failure('ToolUncertain', uncertain(input, ended.problem));
  // A server that died of a call may die of it again.
  const most = ended.died ? Math.max(retries, RETRIES_OF_A_DEAD_SERVER) : retries;
  if (idempotent && !ended.final && activityInfo().attempt <= most) throw toBeRetried(input, ended.problem);
  return fail(deps, input, ended.problem);
}

function toBeRetried(input: CallToolInput, problem: string): ApplicationFailure {
  const type: FailureType = 'ToolFailed';
  const made = ApplicationFailure.create({
    type,
    message: failedMessage(input, problem).toWellFormed(),
    nonRetryable: false,
  });
  made.stack = '';
  return made;
}

function failedMessage({ name, callId, redact }: CallToolInput, problem: string): string {
  return `tool "${name}" failed in call ${callId}${redact ? '' : `: ${problem}`}`;
}

/** A call that failed: the step's failure, or what the model is told. */
function fail(deps: ActivityDeps, input: CallToolInput, problem: string): Promise<ToolCalled> {
  if (input.onError === 'fail') throw failure('ToolFailed', failedMessage(input, problem));
  return answer(deps, input, { ended: 'error', text: `Error: ${problem}` });
}

async function storeResult(deps: ActivityDeps, input: CallToolInput, value: unknown): Promise<ToolCalled> {
  const text = textOf(value);
  if (text === undefined) return fail(deps, input, 'its result cannot be written as JSON');
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_RESULT_BYTES)
    return fail(deps, input, `its result has ${bytes} bytes, and the API takes at most ${MAX_RESULT_BYTES}`);
  try {
    const result = await answer(deps, input, { ended: 'ok', text });
    if (result.output.ref !== undefined || bytes <= MAX_INLINE_RESULT_BYTES) return result;
  } catch (error) {
    if (input.idempotent) throw error;
    throw failure(
      'ToolUncertain',
      uncertain(input, `it was called, and its result could not be stored: ${String(error)}`),
    );
  }
  return fail(deps, input, `its result has ${bytes} bytes, of at most ${MAX_INLINE_RESULT_BYTES} ${WITHOUT_STORE}`);
}

/** A text as it is but for halves of characters, everything else as JSON; undefined for what JSON cannot say. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.toWellFormed();
  try {
    return JSON.stringify(value ?? null);
  } catch {
    // Of a bigint, or of something that holds itself; what it says of that is of no use to a model.
    return undefined;
  }
}

type Answer = { ended: ToolCalled['ended']; text: string };

async function answer({ store }: ActivityDeps, input: CallToolInput, { ended, text }: Answer): Promise<ToolCalled> {
  const { callId, redact } = input;
  const ref = await store.putPrompt(text);
  const output = ref === undefined ? { callId, text } : { callId, ref };
  const preview = redact ? '' : text.slice(0, PREVIEW_CHARS).replace(/[\uD800-\uDBFF]$/, '');
  return { ended, output, bytes: Buffer.byteLength(text), preview };
}
