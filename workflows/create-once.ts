import { CancellationScope, CancelledFailure, sleep } from '@temporalio/workflow';
import { type Created, type CreateResponseInput } from '../contract/activities';
import { type Amount } from '../contract/budget';
import { type Failure } from '../contract/outcome';
import { createActivityId } from '../contract/names';
import { worstUse } from '../contract/prices';
import { create, streamed } from './activities';
import { askPerson } from './ask-person';
import { MAX_INPUT_BYTES } from './command-gate';
import { backgroundOf, boundOf, createInput, isInOwnConversation, placeOf, steeringOf } from './create-input';
import { createPlaceOf, WAITING_FOR_TURN } from './create-place';
import { failureName, failureOf, type LostCreate, lostCreate } from './failures';
import { jsonBytes } from './json-bytes';
import { reportCreate } from './report';
import { numberOf, type Turn } from './turn';

/** Creates that were sent and whose answers were lost, before a step gives up: each may have been billed. */
const MAX_LOST_CREATES = 5;
const MAX_LOST_DELAY_MS = 60_000;

/**
 * One response for the turn. A create whose answer was lost is booked, and the run's policy decides what follows; every
 * other refusal is the step's failure.
 */
export async function createOnce(turn: Turn): Promise<Created | Failure> {
  const { run, step, rest } = turn;
  if (rest?.for === 'lost answer') return waitForLost(turn, rest.reason);
  if (rest?.for === 'decision') {
    const failure = await askAgain(turn, rest.reason);
    if (failure) return failure;
    run.board.update(step.id, { state: 'creating' });
  }
  for (;;) {
    try {
      return await sendCreate(turn);
    } catch (error) {
      const ended = lostCreate(error);
      const refused = !ended && isRefusedMode(error);
      if (ended) bookLost(turn, ended);
      else if (refused) run.ledger.unreserve(step.id);
      else run.ledger.settle(step.id);
      // A create that is being cancelled is not tried again, whatever it ended as; the step has not failed by that.
      if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled while it was created');
      if (refused) {
        // It has created nothing. Whether that is the mode's fault is known when it runs without.
        turn.refused = true;
        continue;
      }
      if (!ended) return await refusal(turn, error);
      if (ended.final) return ended.final;
      if (ended.sent) turn.lost += 1;
      const failure = await afterLost(turn, ended);
      if (failure) return failure;
      run.board.update(step.id, { state: 'creating' });
    }
  }
}

/** Returns when another create may be sent, or the failure with which the step ends instead. */
async function afterLost(turn: Turn, { sent, reason, retryAfterMs = 0 }: LostCreate): Promise<Failure | undefined> {
  const { run, step, deadlineAt, lost } = turn;
  const policy = sent ? run.onAmbiguousCreate : 'retry';
  if (policy === 'wait' && backgroundOf(turn) !== 'none') return waitForLost(turn, reason);
  if (policy === 'wait') {
    const message = `onAmbiguousCreate "wait" waits for a webhook, and none tells of a foreground response: ${reason}`;
    return { type: 'CreateAmbiguous', message };
  }
  if (policy === 'ask') return askAgain(turn, reason);
  if (lost === MAX_LOST_CREATES) {
    return { type: 'CreateAmbiguous', message: `the answers of ${lost} creates were lost; the last: ${reason}` };
  }
  const delay = Math.max(retryAfterMs, Math.min(MAX_LOST_DELAY_MS, 1_000 * 4 ** Math.max(0, lost - 1)));
  await sleep(Math.max(1, Math.min(delay, deadlineAt - Date.now())), {
    summary: `before another create of ${step.id}`,
  });
  return undefined;
}

/** Lets a person decide whether another create is sent; undefined where it may be. */
async function askAgain(turn: Turn, reason: string): Promise<Failure | undefined> {
  const { step, creates } = turn;
  turn.rest = { for: 'decision', reason };
  try {
    const question = `the answer of create ${creates} was lost and it may have been billed (${reason}); create again?`;
    const id = `${step.id}/${numberOf(turn)}/create-${creates}`;
    const decision = await askPerson(turn, { id, kind: 'create', question });
    if (decision?.approve) return undefined;
    if (!decision) return { type: 'CreateAmbiguous', message: `nobody decided before the deadline: ${reason}` };
    return {
      type: 'ApprovalRejected',
      message: `another create was rejected: ${decision.reason ?? 'no reason given'}`,
    };
  } finally {
    turn.rest = undefined;
  }
}

/** Only a webhook can tell of a lost response; when one does, the wait here is cancelled and the response adopted. */
async function waitForLost(turn: Turn, reason: string): Promise<Failure> {
  turn.rest = { for: 'lost answer', reason };
  try {
    const ms = Math.max(1, turn.deadlineAt - Date.now());
    await sleep(ms, { summary: `waiting for a lost response of ${turn.step.id}` });
    return { type: 'CreateAmbiguous', message: `no webhook told of its response before the deadline: ${reason}` };
  } finally {
    turn.rest = undefined;
  }
}

function isRefusedMode(error: unknown): boolean {
  return failureOf(error)?.type === 'BackgroundUnsupported';
}

/** The response was accepted and is not known: it may have been billed, and the run's policy decides as for a lost one. */
export async function afterForgotten(turn: Turn, responseId: string): Promise<Failure | undefined> {
  const reason = `the provider accepted ${responseId} and did not know it right after`;
  turn.run.background.missing('it forgets its responses');
  turn.run.orphans.forgotten(responseId);
  const lost = { sent: true, reason };
  bookLost(turn, lost);
  turn.lost += 1;
  return afterLost(turn, lost);
}

async function sendCreate(turn: Turn): Promise<Created | Failure> {
  const { run, step } = turn;
  // Most steps have nothing to wait for here.
  const first = createInput(turn, isInOwnConversation(step) ? await run.conversation(turn) : undefined);
  const bytes = jsonBytes(first);
  if (bytes > MAX_INPUT_BYTES) return tooLarge(step.id, bytes);
  const refused = run.budget && (await run.budget.hold(turn, () => worstOf(turn, { ...first, ...steeringOf(turn) })));
  if (refused) return refused;
  while (!run.gate.admitsCreate(bytes)) await waitForRoom(turn);
  // What an execution before this one rested for is over.
  turn.rest = undefined;
  if (run.finish.stops(step.id)) {
    // Room in the budget that it was given is free again.
    run.ledger.settle(step.id);
    throw new CancelledFailure('stopped before it was created');
  }
  // The wait for room in the budget has moved the deadline, and a person may have said something meanwhile.
  const request = { ...first, deadlineAt: turn.deadlineAt, ...steeringOf(turn) };
  const worst = worstOf(turn, request);
  if (run.budget) run.ledger.hold(step.id, worst);
  run.ledger.reserve(step.id, worst.usd);
  run.instructions.taken(placeOf(turn));
  turn.creates += 1;
  const activityId = createActivityId({ stepId: step.id, turn: numberOf(turn), create: turn.creates });
  const summary = `${step.id} · create ${turn.creates} · ${request.model}`;
  const startedAt = Date.now();
  try {
    const created = await sendRequest(turn, { ...request, create: turn.creates }, { activityId, summary });
    reportCreate(turn, request.model, { startedAt, created });
    turn.lostAfter = undefined;
    turn.lost = 0;
    run.orphans.answered({ stepId: step.id, turn: numberOf(turn), create: turn.creates }, created.responseId);
    if (turn.refused) run.background.refusedBy(request.model);
    else if (created.foreground && backgroundOf(turn) !== 'none') run.background.missing('it was ignored');
    const resumable = created.foreground ? false : undefined;
    const { responseId } = created;
    run.board.update(step.id, { state: 'in_progress', responseId, doing: undefined, resumable });
    return created;
  } catch (error) {
    reportCreate(turn, request.model, { startedAt, failure: failureName(error) });
    throw error;
  }
}

function worstOf(turn: Turn, request: CreateResponseInput): Amount {
  return worstUse(turn.run.record.prices, boundOf(turn, request));
}

/** Nothing is on its way meanwhile, so the next execution of the run can send this create as well. */
async function waitForRoom(turn: Turn): Promise<void> {
  turn.rest = { for: 'room' };
  try {
    await turn.run.gate.waitForCreate();
  } finally {
    turn.rest = undefined;
  }
}

/** Temporal would end the run with everything in it. */
function tooLarge(stepId: string, bytes: number): Failure {
  const message = `what step "${stepId}" sends takes ${bytes} bytes, and Temporal carries at most ${MAX_INPUT_BYTES} in one piece: shorten its prompt, instructions or tools, name fewer steps in its "from", or say a long text once, in a step that others name in their context`;
  return { type: 'InvalidRequest', message };
}

type Scheduled = { activityId: string; summary: string };

/** In the background where the provider has it; by a stream that tells where nobody knows yet, or has to be read. */
function sendRequest(turn: Turn, request: CreateResponseInput, { activityId, summary }: Scheduled): Promise<Created> {
  const { run, step, deadlineAt, refused } = turn;
  const { timeoutMs } = request;
  const place = createPlaceOf(turn);
  const doing = place.taskQueue === undefined ? undefined : WAITING_FOR_TURN;
  if (doing !== undefined) run.board.update(step.id, { doing });
  const known = backgroundOf(turn);
  // A stream that is wanted may be refused where background mode is not.
  if (known === 'full' && !request.stream) {
    return create(activityId, { timeoutMs, summary, place })['durableResearch.createResponse'](request);
  }
  if (known === 'none') {
    if (!refused) run.background.warn(request.model, 'as was found before, or set');
    run.board.update(step.id, { state: 'in_progress', responseId: undefined, doing, resumable: false });
  }
  const creating = streamed(activityId, { timeoutMs, deadlineAt, summary, place });
  return creating['durableResearch.streamResponse']({ ...request, background: known !== 'none', refused });
}

function bookLost(turn: Turn, { sent, reason, newestItem }: LostCreate): void {
  const { run, step, creates } = turn;
  if (!sent) {
    run.ledger.unreserve(step.id);
    return;
  }
  if (turn.lostAfter === undefined) turn.lostAfter = newestItem;
  const lost = { stepId: step.id, turn: numberOf(turn), create: creates };
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
