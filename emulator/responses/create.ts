import { conversationRows, freeConversation } from '../conversations/find';
import type { Deps } from '../deps';
import { ApiError, badRequest, DropConnection } from '../http/errors';
import { newId } from '../ids';
import { changesOf } from './accepted';
import { chainItems, toItems, type Context } from './context';
import { FAULT_PLAN_KEY, faultCounter, faultFor, type Fault } from './faults';
import { asksForReasoning, type Output } from './output';
import type { Ending, Item, ResponseRecord } from './record';
import type { CreateBody } from './request';
import { checkItems } from './rules';
import { planSchedule, type Pace } from './schedule';
import { countItemTokens, countTokens, usageOf } from './tokens';
import { takeTurn } from './turn';

/** A stored response with its output. */
export interface Created {
  readonly record: ResponseRecord;
  readonly output: readonly Item[];
}

const SECONDS_KEY = 'emulator_seconds';

/** Accepts a create: its whole life and its output are fixed and stored before this returns. */
export async function createResponse(deps: Deps, body: CreateBody): Promise<Created> {
  checkModel(deps, body);
  const seconds = fixedSeconds(deps, body);
  return deps.store.exclusive(async () => {
    const fault = await nextFault(deps, body);
    if (fault.name === 'drop_before_accept') throw new DropConnection('The request asked for it, before acceptance.');
    if (fault.name === 'http') throw refusal(fault);
    const created = await accept(deps, body, { fault, seconds });
    if (fault.name === 'drop_after_accept') throw new DropConnection('The request asked for it, after acceptance.');
    return created;
  });
}

async function accept(
  deps: Deps,
  body: CreateBody,
  { fault, seconds }: { fault: Fault; seconds: number | undefined },
): Promise<Created> {
  const now = deps.clock.now();
  const conversationId = typeof body.conversation === 'string' ? body.conversation : body.conversation?.id;
  const conversation = conversationId === undefined ? null : await freeConversation(deps, conversationId, now);
  const context = await gatherContext(deps, body, { conversationId, now });
  await checkItems(deps.store, context);
  const id = newId('resp');
  const output = await takeTurn(deps, body, { id, context });
  const { speed } = deps.options;
  const schedule = planSchedule({ id, now, speed, pace: paceOf(body), background: body.background === true, seconds });
  const { input, ...request } = body;
  const record: ResponseRecord = {
    id,
    request,
    conversationId: conversation?.id ?? null,
    ...schedule,
    endsAt: fault.name === 'stuck' ? null : schedule.endsAt,
    ending: endingOf(fault, output),
    usage: usageOf({
      earlier: countItemTokens(context.earlier),
      fresh: countItemTokens(context.input) + countTokens(guidanceOf(body)),
      output: output.tokens,
      reasoning: output.reasoningTokens,
    }),
  };
  const inputBytes = Buffer.byteLength(JSON.stringify(input ?? ''));
  await deps.store.write(changesOf(deps, { record, context, output: output.items, conversation, inputBytes }));
  return { record, output: output.items };
}

function checkModel({ options }: Deps, { model }: CreateBody): void {
  if (options.models === undefined || options.models.includes(model)) return;
  throw badRequest(`The requested model '${model}' does not exist.`, 'model', 'model_not_found');
}

function fixedSeconds({ options }: Deps, { metadata }: CreateBody): number | undefined {
  const text = metadata?.[SECONDS_KEY];
  if (text === undefined) return options.seconds;
  const seconds = Number(text);
  if (text.trim() !== '' && Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw badRequest(
    `Invalid value: '${text}'. Expected a number of seconds.`,
    `metadata.${SECONDS_KEY}`,
    'invalid_value',
  );
}

/** Counts this create for its fault plan, before anything else can fail. */
async function nextFault({ store }: Deps, { metadata }: CreateBody): Promise<Fault> {
  const counter = faultCounter(metadata ?? {});
  if (counter === null) return { name: 'ok' };
  const earlier = (await store.tables.faultCounts.get(counter)) ?? 0;
  const fault = faultFor(metadata?.[FAULT_PLAN_KEY] ?? '', earlier);
  await store.tables.faultCounts.put(counter, earlier + 1);
  return fault;
}

function refusal({ status, code, retryAfter }: Extract<Fault, { name: 'http' }>): ApiError {
  const limited = status === 429;
  return new ApiError(status, `The request asked for this error (${status}) in its metadata.`, {
    type: limited ? (code ?? 'rate_limit_exceeded') : 'server_error',
    code: limited ? (code ?? 'rate_limit_exceeded') : (code ?? undefined),
    headers: retryAfter === null ? {} : { 'retry-after': retryAfter },
  });
}

async function gatherContext(
  { store }: Deps,
  body: CreateBody,
  { conversationId, now }: { conversationId: string | undefined; now: number },
): Promise<Context> {
  const input = await toItems(store, body.input);
  if (body.previous_response_id !== undefined) {
    return { input, earlier: await chainItems(store, body.previous_response_id, now) };
  }
  if (conversationId === undefined) return { input, earlier: [] };
  return { input, earlier: (await conversationRows(store, conversationId, now)).map((row) => row.item) };
}

/** What else the model reads of a request besides its items. */
function guidanceOf({ instructions, tools, text }: CreateBody): string {
  return [instructions, tools, text?.format].map((part) => (part === undefined ? '' : JSON.stringify(part))).join('');
}

function paceOf(body: CreateBody): Pace {
  if (body.tools !== undefined && body.tools.length > 0 && body.tool_choice !== 'none') return 'tools';
  return asksForReasoning(body) ? 'reasoning' : 'simple';
}

function endingOf(fault: Fault, output: Output): Ending {
  if (fault.name === 'failed') {
    return { status: 'failed', code: fault.code, message: 'The request asked for this failure in its metadata.' };
  }
  if (fault.name === 'incomplete') return { status: 'incomplete', reason: fault.reason };
  return output.truncated ? { status: 'incomplete', reason: 'max_output_tokens' } : { status: 'completed' };
}
