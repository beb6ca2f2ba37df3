import { type ContextItem, type CreateResponseInput } from '../contract/activities';
import { type EndedStep } from '../contract/carry';
import { type StepBound } from '../contract/prices';
import { jsonBytes } from './json-bytes';
import { type RespondContext, type RespondStep, type Turn, TURN } from './turn';

/** Whether the step speaks in the run's own conversation. */
export function isInOwnConversation({ context }: RespondStep): boolean {
  return context?.strategy === 'conversation' && context.conversation === undefined;
}

/** What the next create of the turn is told. */
export function createInput(turn: Turn, ownConversation?: string): CreateResponseInput {
  const { run, step, deadlineAt } = turn;
  const { context } = step;
  return {
    origin: run.record.origin,
    stepId: step.id,
    turn: TURN,
    create: turn.creates + 1,
    model: step.model ?? run.record.defaultModel,
    prompt: typeof step.prompt === 'string' ? [{ kind: 'text', text: step.prompt }] : step.prompt,
    instructions: step.instructions,
    tools: step.tools,
    format: step.format,
    reasoning: step.reasoning,
    maxOutputTokens: step.maxOutputTokens,
    context: contextItems(context),
    select: (context && 'select' in context && context.select) || 'all',
    conversation: context?.strategy === 'conversation' ? (context.conversation ?? ownConversation) : undefined,
    lostAfter: turn.lostAfter,
    previousResponse: context?.strategy === 'previous_response' ? context.from.ref?.responseId : undefined,
    ...(step.wait === 'stream' && { stream: true }),
    ...(step.redact && { redact: true }),
    deadlineAt,
    timeoutMs: run.record.createTimeoutMs,
  };
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
export function boundOf({ run, step }: Turn, request: CreateResponseInput): StepBound {
  const { context } = step;
  const from =
    context === undefined ? [] : Array.isArray(context.from) ? context.from : context.from ? [context.from] : [];
  const seen = from.map(({ collected }) => (collected?.usage?.input ?? 0) + (collected?.usage?.output ?? 0));
  const filledIn = request.prompt.map((part) =>
    part.kind === 'output' ? run.ledger.account(part.ref.stepId).usage.output : 0,
  );
  const own = [request.prompt, request.instructions, request.tools, request.format];
  return {
    model: request.model,
    ownBytes: jsonBytes(own),
    contextTokens: [...seen, ...filledIn].reduce((sum, count) => sum + count, 0),
    maxOutputTokens: step.maxOutputTokens,
    tools: (step.tools ?? []).map(({ type }) => type),
  };
}
