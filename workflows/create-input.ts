import { type ContextItem, type CreateResponseInput } from '../contract/activities';
import { type EndedStep, type Turns } from '../contract/carry';
import { DEFAULT_MAX_TOOL_CALLS, DEFAULT_MAX_TURNS } from '../contract/graph';
import { budgetedOutput, type StepBound } from '../contract/prices';
import { type Background } from '../contract/run-record';
import { endsInCalls, hostedTools } from '../contract/step';
import { jsonBytes } from './json-bytes';
import { listsOf, offeredTools, withCredentials } from './offered-tools';
import { type Instructions } from './steering';
import { numberOf, type RespondContext, type RespondStep, type Turn } from './turn';

/** Whether the step speaks in the run's own conversation. */
export function isInOwnConversation({ context }: RespondStep): boolean {
  return context?.strategy === 'conversation' && context.conversation === undefined;
}

/** What is known of background mode where this turn creates. */
export function backgroundOf({ run, step, refused }: Turn): Background {
  return refused ? 'none' : run.background.of(step.model ?? run.record.defaultModel);
}

/** What the next create of the turn is told. */
export function createInput(turn: Turn, ownConversation?: string): CreateResponseInput {
  const { run, step, deadlineAt } = turn;
  const { context } = step;
  const model = step.model ?? run.record.defaultModel;
  return {
    origin: run.record.origin,
    stepId: step.id,
    turn: numberOf(turn),
    create: turn.creates + 1,
    model,
    prompt: typeof step.prompt === 'string' ? [{ kind: 'text', text: step.prompt }] : step.prompt,
    instructions: step.instructions,
    tools: step.tools && hostedTools(step.tools),
    format: step.format,
    reasoning: step.reasoning,
    // An output without a bound has no worst price.
    maxOutputTokens: step.maxOutputTokens ?? (run.budget && budgetedOutput(run.record.prices, model)),
    context: contextItems(context),
    select: (context && 'select' in context && context.select) || 'all',
    conversation: context?.strategy === 'conversation' ? (context.conversation ?? ownConversation) : undefined,
    lostAfter: turn.lostAfter,
    previousResponse: context?.strategy === 'previous_response' ? context.from.ref?.responseId : undefined,
    ...steeringOf(turn),
    ...(step.wait === 'stream' && { stream: true }),
    ...(step.redact && { redact: true }),
    deadlineAt,
    timeoutMs: run.record.createTimeoutMs,
    ...toolFields(turn),
  };
}

/** What people have told the step by now. */
export function steeringOf(turn: Turn): { steering?: string[] } {
  const steering = turn.run.instructions.next(placeOf(turn));
  return steering.length > 0 ? { steering } : {};
}

/** The turn as one that takes instructions. */
export function placeOf(turn: Turn): Parameters<Instructions['next']>[0] {
  return { stepId: turn.step.id, turn: numberOf(turn), isHeld: isHeld(turn) };
}

/** Whether the provider holds the turns before this one. */
function isHeld(turn: Turn): boolean {
  return turn.step.context?.strategy === 'conversation' || backgroundOf(turn) !== 'none';
}

/** What tools change that are called by us, or once a person allows it: nothing where the step has none. */
function toolFields(turn: Turn): Partial<CreateResponseInput> {
  const { run, step, turns } = turn;
  const { maxTurns = DEFAULT_MAX_TURNS, maxToolCalls } = step;
  const names = offeredTools(run.record, step.tools);
  const lists = listsOf(run.record, names);
  const labels = withCredentials(run.record, step.tools);
  const used = turns?.used ?? 0;
  const fields = {
    ...(names.length > 0 && { ownTools: names }),
    ...(lists.length > 0 && { mcp: lists }),
    ...(labels.length > 0 && { hostedMcp: labels }),
    ...(maxToolCalls !== undefined && { maxToolCalls: Math.max(1, maxToolCalls - used) }),
  };
  if (!endsInCalls(step.tools)) return fields;
  const isLast = numberOf(turn) >= maxTurns || used >= (maxToolCalls ?? DEFAULT_MAX_TOOL_CALLS);
  // The provider still has to make the calls that a person has just approved.
  const hasApproved = turns?.earlier.at(-1)?.outputs.some(({ approve }) => approve === true) ?? false;
  return { ...fields, ...(isLast && !hasApproved && { toolChoice: 'none' }), ...(turns && goOn(turn, turns)) };
}

/** A later turn says only what the calls before it were answered with, where the provider holds the rest. */
function goOn(turn: Turn, { earlier }: Turns): Partial<CreateResponseInput> {
  const last = earlier.at(-1);
  if (!isHeld(turn) || !last) return { turns: earlier };
  const chained = turn.step.context?.strategy !== 'conversation' && { previousResponse: last.responseId };
  return { prompt: [], context: [], outputs: last.outputs, ...chained };
}

function contextItems(context: RespondContext | undefined): ContextItem[] {
  if (!context) return [];
  if (context.strategy !== 'previous_response') return (context.from ?? []).map(contextItem);
  // The chain brings the earlier step along; only a step that left nothing to chain to is told about.
  return context.from.ref ? [] : [contextItem(context.from)];
}

function contextItem({ id, ref, reason }: EndedStep): ContextItem {
  return ref ? { kind: 'response', ref } : { kind: 'missing', stepId: id, reason: reason ?? 'It was skipped.' };
}

/** What the worst price is computed from: what earlier steps said is known by their usage. */
export function boundOf({ run, step, turns }: Turn, request: CreateResponseInput): StepBound {
  const { context } = step;
  const from =
    context === undefined ? [] : Array.isArray(context.from) ? context.from : context.from ? [context.from] : [];
  const seen = from.map(({ collected }) => (collected?.usage?.input ?? 0) + (collected?.usage?.output ?? 0));
  const filledIn = request.prompt.map((part) =>
    part.kind === 'output' ? run.ledger.account(part.ref.stepId).usage.output : 0,
  );
  const inConversation = context?.strategy === 'conversation' ? run.ledger.largest() : 0;
  const own = [request.prompt, request.instructions, request.tools, request.format, ...(request.steering ?? [])];
  const names = offeredTools(run.record, step.tools);
  const definitions = (run.record.tools ?? []).filter(({ name }) => names.includes(name));
  const bytes = definitions.reduce((sum, { definitionBytes }) => sum + definitionBytes, turns?.bytes ?? 0);
  return {
    model: request.model,
    ownBytes: jsonBytes(own) + bytes,
    contextTokens: [...seen, ...filledIn, inConversation].reduce((sum, count) => sum + count, turns?.tokens ?? 0),
    maxOutputTokens: request.maxOutputTokens,
    tools: hostedTools(step.tools).map(({ type }) => type),
    maxToolCalls: request.maxToolCalls,
  };
}
