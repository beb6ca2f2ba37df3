import { CancellationScope, CancelledFailure, sleep } from '@temporalio/workflow';
import { type Created } from '../contract/activities';
import { type Failure } from '../contract/outcome';
import { createActivityId } from '../contract/names';
import { worstPrice } from '../contract/prices';
import { create } from './activities';
import { boundOf, createInput } from './create-input';
import { failureName, failureOf, type LostCreate, lostCreate } from './failures';
import { reportCreate } from './report';
import { type Turn, TURN } from './turn';

/** Creates that were sent and whose answers were lost, before a step gives up: each may have been billed. */
const MAX_LOST_CREATES = 5;
const MAX_LOST_DELAY_MS = 60_000;

/**
 * One response for the turn. A create whose answer was lost is booked, and the run's policy decides what follows; every
 * other refusal is the step's failure.
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
      if (!ended) return await refusal(turn, error);
      if (ended.sent) lost += 1;
      const failure = await afterLost(turn, ended, lost);
      if (failure) return failure;
      run.board.update(step.id, { state: 'creating' });
    }
  }
}

/** Returns when another create may be sent, or the failure with which the step ends instead. */
async function afterLost(turn: Turn, ended: LostCreate, lost: number): Promise<Failure | undefined> {
  const { run, step, deadlineAt } = turn;
  const { sent, reason, retryAfterMs = 0 } = ended;
  const policy = sent ? run.onAmbiguousCreate : 'retry';
  if (policy === 'wait') return waitForLost(turn, reason);
  if (policy === 'ask') {
    const question = `the answer of create ${turn.creates} was lost and it may have been billed (${reason}); create again?`;
    const decision = await run.approvals.ask(`${step.id}/${TURN}/create-${turn.creates}`, question, deadlineAt);
    if (decision?.approve) return undefined;
    if (!decision) return { type: 'CreateAmbiguous', message: `nobody decided before the deadline: ${reason}` };
    return {
      type: 'ApprovalRejected',
      message: `another create was rejected: ${decision.reason ?? 'no reason given'}`,
    };
  }
  if (lost === MAX_LOST_CREATES) {
    return { type: 'CreateAmbiguous', message: `the answers of ${lost} creates were lost; the last: ${reason}` };
  }
  const delay = Math.max(retryAfterMs, Math.min(MAX_LOST_DELAY_MS, 1_000 * 4 ** Math.max(0, lost - 1)));
  await sleep(Math.max(1, Math.min(delay, deadlineAt - Date.now())), {
    summary: `before another create of ${step.id}`,
  });
  return undefined;
}

/** Only a webhook can tell of a lost response; when one does, the wait here is cancelled and the response adopted. */
async function waitForLost(turn: Turn, reason: string): Promise<Failure> {
  turn.waitsForLost = true;
  try {
    const ms = Math.max(1, turn.deadlineAt - Date.now());
    await sleep(ms, { summary: `waiting for a lost response of ${turn.step.id}` });
    return { type: 'CreateAmbiguous', message: `no webhook told of its response before the deadline: ${reason}` };
  } finally {
    turn.waitsForLost = false;
  }
}

async function sendCreate(turn: Turn): Promise<Created> {
  const { run, step } = turn;
  const request = await createInput(turn);
  run.ledger.reserve(step.id, worstPrice(run.record.prices, boundOf(turn, request)));
  turn.creates += 1;
  const activityId = createActivityId({ stepId: step.id, turn: TURN, create: turn.creates });
  const summary = `${step.id} · create ${turn.creates} · ${request.model}`;
  const creating = create(activityId, { timeoutMs: request.timeoutMs, summary });
  const startedAt = Date.now();
  try {
    const created = await creating['durableResearch.createResponse']({ ...request, create: turn.creates });
    reportCreate(turn, request.model, { startedAt, created });
    turn.lostAfter = undefined;
    run.orphans.answered({ stepId: step.id, turn: TURN, create: turn.creates }, created.responseId);
    run.board.update(step.id, { state: 'in_progress', responseId: created.responseId, doing: undefined });
    return created;
  } catch (error) {
    reportCreate(turn, request.model, { startedAt, failure: failureName(error) });
    throw error;
  }
}

function bookLost(turn: Turn, { sent, reason, newestItem }: LostCreate): void {
  const { run, step, creates } = turn;
  if (!sent) {
    run.ledger.unreserve(step.id);
    return;
  }
  if (turn.lostAfter === undefined) turn.lostAfter = newestItem;
  const lost = { stepId: step.id, turn: TURN, create: creates };
  run.ledger.bookAmbiguous({ ...lost, reason });
  run.orphans.lost(lost);
  run.board.warn(`${step.id}: create ${creates} is ambiguous and may have been billed: ${reason}`);
}

async function refusal(turn: Turn, error: unknown): Promise<Failure> {
  const failure = failureOf(error);
  if (!failure) throw error;
  // Accepted after all: where webhooks are configured, one will tell which response it is.
  if (failure.type === 'AlreadyInConversation' && turn.run.record.webhooks) return waitForLost(turn, failure.message);
  return failure;
}
