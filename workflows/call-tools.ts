import { ActivityFailure, CancellationScope, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import { callingSchema, type CallOutput, type CallToolInput, type ToolCalled } from '../contract/activities';
import { type Turns } from '../contract/carry';
import { DEFAULT_MAX_TOOL_CALLS } from '../contract/graph';
import { callActivityId, callPlace } from '../contract/names';
import { type Failure, type ToolCall } from '../contract/outcome';
import { type RunRecord, type ToolPolicy } from '../contract/run-record';
import { hostedMcp } from '../contract/step';
import { calls } from './activities';
import { askPerson } from './ask-person';
import { failureName, failureOf } from './failures';
import { jsonBytes } from './json-bytes';
import { listsOf, offeredTools } from './offered-tools';
import { reportCall } from './report';
import { type Turn } from './turn';

/** The calls of one response that have no output yet. */
interface Round {
  turn: Turn;
  turns: Turns;
  /** How many of them are not answered. */
  open: number;
  /** How many of them wait for a person. */
  asking: number;
  /** Ends those waits, once the step has failed. */
  people: CancellationScope;
  failure?: Failure;
}

/**
 * Answers every call that the step's last response asked for, side by side; returns the failure with which the step ends
 * instead. What the model may call is decided here: a tool that the step names, within its bounds, with a person's leave
 * where the tool needs it. The text of pages and results decides nothing.
 */
export async function callTools(turn: Turn, turns: Turns): Promise<Failure | undefined> {
  const { run, step } = turn;
  const { outputs } = lastOf(turns);
  const open = turns.calls.filter(({ callId }) => !outputs.some((output) => output.callId === callId));
  const round: Round = { turn, turns, open: 0, asking: 0, people: new CancellationScope() };
  turn.rest = undefined;
  const called = open.filter((asked) => isAllowed(round, asked));
  if (round.failure) return round.failure;
  round.open = called.length;
  if (called.length > 0) {
    const names = [...new Set(called.map(({ name }) => name))].join(', ').slice(0, MAX_DOING_CHARS);
    run.board.update(step.id, { state: 'in_progress', responseId: undefined, doing: `calling ${names}` });
  }
  const ends = await Promise.allSettled(called.map((asked) => answerCall(round, asked)));
  turn.rest = undefined;
  const thrown = ends.find((end) => end.status === 'rejected');
  // The step's failure has withdrawn the questions, which is no cancel of the run.
  if (thrown && !(round.failure && isCancellation(thrown.reason))) throw thrown.reason;
  if (round.failure) return round.failure;
  const order = turns.calls.map(({ callId }) => callId);
  outputs.sort((a, b) => order.indexOf(a.callId) - order.indexOf(b.callId));
  turns.calls = [];
  run.board.update(step.id, { state: 'creating', doing: undefined });
  return undefined;
}

const MAX_DOING_CHARS = 80;

function lastOf({ earlier }: Turns): Turns['earlier'][number] {
  const last = earlier.at(-1);
  if (!last) throw new Error('a turn asked for calls, and there is no turn');
  return last;
}

/** Answers a call that is not made: one of a tool that the step does not offer, and one beyond the step's bound. */
function isAllowed(round: Round, asked: ToolCall): boolean {
  const { callId, name, server } = asked;
  const { turn, turns } = round;
  const offered = offeredTools(turn.run.record, turn.step.tools);
  if (server !== undefined ? !isNamed(turn.step.tools, server, name) : !offered.includes(name)) {
    const known = offered.map((one) => `"${one}"`).join(', ');
    const message = `the tool "${name}" is not offered to you and was not called; you have ${known}`;
    refuse(round, 'ToolNotOffered', message);
    say(round, answered(asked, `Error: ${message}`));
    return false;
  }
  const most = turn.step.maxToolCalls ?? DEFAULT_MAX_TOOL_CALLS;
  const left = turns.calls.length - Math.max(0, turns.used - most);
  if (turns.calls.findIndex((one) => one.callId === callId) < left) return true;
  const message = `Error: the tool was not called: at most ${most} calls are allowed, and all are used`;
  say(round, answered(asked, message));
  return false;
}

/** Whether a step lets the provider call a tool of a hosted MCP server. */
function isNamed(tools: Turn['step']['tools'], server: string, name: string): boolean {
  const allowed = hostedMcp(tools).find(({ label }) => label === server)?.tool['allowed_tools'];
  return hostedMcp(tools).some(({ label }) => label === server) && (!Array.isArray(allowed) || allowed.includes(name));
}

/** Why a call is not made: its output, or where the provider would make it, the decision against it. */
function answered({ callId, server }: ToolCall, text: string): CallOutput {
  return server === undefined ? { callId, text } : { callId, approve: false, text };
}

/** What the model does wrong it is told once, in whatever response; after that the step fails by it. */
function refuse(round: Round, type: 'ToolArguments' | 'ToolNotOffered', reason: string): void {
  const { told, number } = round.turns;
  const before = told[type];
  told[type] ??= number;
  if (before === undefined || before === number) return;
  failWith(round, { type, message: `the model was told once, and did it again: ${reason}` });
}

function failWith(round: Round, failure: Failure): void {
  round.failure ??= failure;
  round.people.cancel();
}

function say({ turns }: Round, output: CallOutput, bytes = jsonBytes(output)): void {
  lastOf(turns).outputs.push(output);
  turns.bytes += bytes;
}

async function answerCall(round: Round, asked: ToolCall): Promise<void> {
  const { callId, name, server } = asked;
  const policy = server === undefined ? round.turn.run.record.tools?.find((one) => one.name === name) : undefined;
  if (!policy && server === undefined) throw new Error(`tool "${name}" is not in the run's record`);
  try {
    const refused = !policy || policy.needsApproval ? await askFor(round, asked) : undefined;
    if (refused && 'type' in refused) return failWith(round, refused);
    if (refused) return say(round, refused);
    // The provider makes it, in the turn to come.
    if (!policy) return say(round, { callId, approve: true });
    const called = await call(round, asked, policy);
    if (!('type' in called)) return take(round, asked, called);
    if (called.type !== 'ToolUncertain' || policy.onError === 'fail') return failWith(round, called);
    const advice = 'Do not call it again before you know whether it happened.';
    say(round, { callId, text: `Error: ${called.message}. ${advice}` });
  } finally {
    round.open -= 1;
    restOrNot(round);
  }
}

function take(round: Round, { name }: ToolCall, { ended, output, bytes, preview }: ToolCalled): void {
  if (ended === 'refused') refuse(round, 'ToolArguments', `tool "${name}": ${preview || 'its schema refuses them'}`);
  say(round, output, bytes);
}

/** Undefined where a person allows the call; else what the model is told, or the step's failure. */
async function askFor(round: Round, asked: ToolCall): Promise<CallOutput | Failure | undefined> {
  const { turn, people } = round;
  const { name, server } = asked;
  const id = callPlace(placeOf(round, asked));
  const detail = turn.step.redact ? '(its arguments are redacted)' : asked.arguments;
  const [kind, where] =
    server === undefined ? (['tool', ''] as const) : (['mcp', ` of the MCP server "${server}"`] as const);
  round.asking += 1;
  restOrNot(round);
  try {
    const decision = await people.run(() => askPerson(turn, { id, kind, question: `call ${name}${where}?`, detail }));
    if (decision?.approve) return undefined;
    if (!decision) return { type: 'ApprovalRejected', message: `nobody decided on ${id} before the step's deadline` };
    return answered(asked, `This call was rejected and not made: ${decision.reason ?? 'no reason given'}`);
  } finally {
    round.asking -= 1;
    restOrNot(round);
  }
}

/** A run can go on in a new execution while people think, and not while a tool is at work. */
function restOrNot({ turn, asking, open }: Round): void {
  turn.rest = open > 0 && asking === open ? { for: 'calls' } : undefined;
}

/** The turn whose response asked for the call. */
function placeOf({ turn, turns }: Round, { callId }: ToolCall): Parameters<typeof callPlace>[0] {
  return { stepId: turn.step.id, turn: turns.number - 1, callId };
}

/** Calls the tool, until that has certainly happened, or may have. */
async function call(round: Round, asked: ToolCall, policy: ToolPolicy): Promise<ToolCalled | Failure> {
  const { turn, turns } = round;
  const { run, step, deadlineAt } = turn;
  const place = placeOf(round, asked);
  const { needsApproval: _asked, definitionBytes: _told, mcp: _place, ...rules } = policy;
  const { responseId } = lastOf(turns);
  const { origin } = run.record;
  const mcp = mcpPlace(run.record, policy);
  const input: CallToolInput = { origin, ...place, responseId, ...rules, ...mcp, deadlineAt, redact: step.redact };
  const { name, timeoutMs, idempotent } = policy;
  const summary = `${step.id} · ${name}${asked.arguments && `(${asked.arguments})`}`.slice(0, MAX_SUMMARY_CHARS);
  for (;;) {
    const startedAt = Date.now();
    while (!run.gate.admits(jsonBytes(input))) await run.gate.wait();
    try {
      const calling = calls(callActivityId(place), { timeoutMs, idempotent, deadlineAt, summary });
      const called = await calling['durableResearch.callTool'](input);
      reportCall(turn, input, { startedAt, ended: called.ended });
      return called;
    } catch (error) {
      const failure = failureOfCall(error, input);
      reportCall(turn, input, { startedAt, failure: failure?.type ?? failureName(error) });
      if (failure) return failure;
      if (!diedBefore(error)) throw error;
    }
  }
}

/** Where a tool of an MCP server is, and what the model was told of it. */
function mcpPlace(record: RunRecord, { name, mcp }: ToolPolicy): Pick<CallToolInput, 'mcp'> {
  if (!mcp) return {};
  const [list] = listsOf(record, [name]);
  return { mcp: { ...mcp, ref: list?.ref, definitions: list?.definitions?.filter((one) => one.name === name) } };
}

const MAX_SUMMARY_CHARS = 100;

/** True for the attempt of a worker that died before the tool's function could begin. */
function diedBefore(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}

/** Undefined for what is no end of the call: an attempt that has not begun, a cancel, a bug. */
function failureOfCall(
  error: unknown,
  { name, callId, idempotent, stepId, deadlineAt }: CallToolInput,
): Failure | undefined {
  if (!(error instanceof ActivityFailure && error.cause instanceof TimeoutFailure)) return failureOf(error);
  const begun = callingSchema.safeParse(error.cause.lastHeartbeatDetails).data?.begun ?? false;
  if (begun && !idempotent) {
    const message = `the call ${callId} of tool "${name}" may have happened: its worker did not report its end`;
    return { type: 'ToolUncertain', message };
  }
  if (Date.now() < deadlineAt) return undefined;
  const message = `tool "${name}" had not ended at the deadline of step "${stepId}"`;
  return { type: 'DeadlineExceeded', message };
}
