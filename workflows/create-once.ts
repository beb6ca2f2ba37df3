import { CancellationScope, CancelledFailure, sleep } from '@temporalio/workflow';
import { type ContextItem, type Created, type CreateResponseInput } from '../contract/activities';
import { type Failure } from '../contract/outcome';
import { type StepBound, worstPrice } from '../contract/prices';
import { create } from './activities';
import { failureOf, type LostCreate, lostCreate } from './failures';
import { type RespondContext, type Responded, type Turn } from './turn';

/** Creates that were sent and whose answers were lost, before a step gives up: each may have been billed. */
const MAX_LOST_CREATES = 5;
const MAX_LOST_DELAY_MS = 60_000;

/**
 * One response for the turn. A create whose answer was lost is booked and repeated under the next create number;
 * every other refusal is the step's failure.
 */
export async function createOnce(turn: Turn): Promise<Created | Failure> {
  const { run, step } = turn;
  for (let lost = 0; ;) {
    try {
      return await sendCreate(turn);
    } catch (error) {
      const ended = lostCreate(error);
      if (ended) bookLost(turn, ended);
      else run.ledger.settle(step.id);
      // A create that is being cancelled is not tried again, whatever it ended as; the step has not failed by that.
      if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled while it was created');
      if (!ended) return refusal(error);
      if (ended.sent) lost += 1;
      if (lost === MAX_LOST_CREATES) {
        return {
          type: 'CreateAmbiguous',
          message: `the answers of ${lost} creates were lost; the last: ${ended.reason}`,
        };
      }
      const delay = Math.min(MAX_LOST_DELAY_MS, 1_000 * 4 ** Math.max(0, lost - 1));
      await sleep(delay, { summary: `before another create of ${step.id}` });
      run.board.update(step.id, { state: 'creating' });
    }
  }
}

async function sendCreate(turn: Turn): Promise<Created> {
  const { run, step } = turn;
  const request = await buildInput(turn);
  run.ledger.reserve(step.id, worstPrice(run.record.prices, boundOf(turn, request)));
  turn.creates += 1;
  const activityId = `create:${step.id}/${TURN}/${turn.creates}`;
  const summary = `${step.id} · create ${turn.creates} · ${request.model}`;
  const creating = create(activityId, { timeoutMs: request.timeoutMs, summary });
  const created = await creating['durableResearch.createResponse']({ ...request, create: turn.creates });
  turn.lostAfter = undefined;
  run.board.update(step.id, { state: 'in_progress', responseId: created.responseId });
  return created;
}

function bookLost(turn: Turn, { sent, reason, newestItem }: LostCreate): void {
  const { run, step, creates } = turn;
  if (!sent) {
    run.ledger.unreserve(step.id);
    return;
  }
  if (turn.lostAfter === undefined) turn.lostAfter = newestItem;
  run.ledger.bookAmbiguous({ stepId: step.id, turn: TURN, create: creates, reason });
  run.board.warn(`${step.id}: create ${creates} is ambiguous and may have been billed: ${reason}`);
}

/** A step has one turn until tools and approvals make it more. */
const TURN = 1;

function refusal(error: unknown): Failure {
  const failure = failureOf(error);
  if (!failure) throw error;
  return failure;
}

async function buildInput(turn: Turn): Promise<CreateResponseInput> {
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
    conversation:
      context?.strategy === 'conversation' ? (context.conversation ?? (await run.conversation(turn))) : undefined,
    lostAfter: turn.lostAfter,
    previousResponse: context?.strategy === 'previous_response' ? context.from.ref?.responseId : undefined,
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

function contextItem({ id, ref, reason }: Responded): ContextItem {
  return ref ? { kind: 'response', ref } : { kind: 'missing', stepId: id, reason: reason ?? 'It was skipped.' };
}

/** What the worst price is computed from: what earlier steps said is known by their usage. */
function boundOf({ run, step }: Turn, request: CreateResponseInput): StepBound {
  const { context } = step;
  const from =
    context === undefined ? [] : Array.isArray(context.from) ? context.from : context.from ? [context.from] : [];
  const seen = from.map(({ collected }) => (collected?.usage?.input ?? 0) + (collected?.usage?.output ?? 0));
  const filledIn = request.prompt.map((part) =>
    part.kind === 'output' ? run.ledger.account(part.ref.stepId).usage.output : 0,
  );
  const own = JSON.stringify([request.prompt, request.instructions, request.tools, request.format]);
  return {
    model: request.model,
    ownBytes: new TextEncoder().encode(own).length,
    contextTokens: [...seen, ...filledIn].reduce((sum, count) => sum + count, 0),
    maxOutputTokens: step.maxOutputTokens,
    tools: (step.tools ?? []).map(({ type }) => type),
  };
}
