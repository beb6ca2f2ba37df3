import { freeConversation } from '../conversations/find';
import type { Deps } from '../deps';
import { hasFault, type Fault } from '../faults/catalogue';
import { withFaults } from '../faults/life';
import { badRequest } from '../http/errors';
import { datedModel } from '../models';
import { scriptedEnding, scriptedOutput, scriptedUsage } from '../script/answer';
import { playStep, type Played } from '../script/play';
import { put } from '../state';
import { chooseTools } from '../tool-calls/choice';
import { openSources } from '../tool-calls/sources';
import { changesOf } from './accepted';
import { conversationIdOf, gatherContext, type Context } from './context';
import { openContext, withEncryptedReasoning } from './encrypted';
import { asksForReasoning, type Output } from './output';
import { isPending, pendingRecord } from './pending';
import type { Ending, Item, ResponseRecord } from './record';
import type { CreateBody } from './request';
import { storeOf } from './retention';
import { checkItems } from './rules';
import { planSchedule, type Pace } from './schedule';
import { countItemTokens, countTokens, guidanceOf, usageOf } from './tokens';
import { takeTurn } from './turn';
import { startWork } from './work';

/** A stored response with its output. */
export interface Created {
  readonly record: ResponseRecord;
  readonly output: readonly Item[];
  /** What else is to go wrong with the answer. */
  readonly faults: readonly Fault[];
}

const SECONDS_KEY = 'emulator_seconds';

/** Accepts a create: its whole life and its output are fixed and stored before this returns. */
export async function createResponse(
  deps: Deps,
  asked: CreateBody,
  { id, faults }: { id: string; faults: readonly Fault[] },
): Promise<Created> {
  checkModel(deps, asked);
  const body = settle(deps, asked);
  const seconds = fixedSeconds(deps, body);
  return deps.store.exclusive(async () => {
    const played = await playStep(deps, asked, id);
    return accept(deps, body, { id, played, faults: [...faults, ...played.faults, ...modeFaults(deps)], seconds });
  });
}

/** A create whose faults and script are known. */
interface Admitted {
  readonly id: string;
  readonly played: Played;
  readonly faults: readonly Fault[];
  readonly seconds: number | undefined;
}

async function accept(deps: Deps, body: CreateBody, admitted: Admitted): Promise<Created> {
  const { id, played, faults } = admitted;
  const conversationId = conversationIdOf(body);
  const conversation =
    conversationId === undefined ? null : await freeConversation(deps, conversationId, deps.clock.now());
  const context = await gatherContext(deps, body);
  await checkItems(deps.store, context);
  const seen = openContext(deps.store.sealKey, context);
  const scripted = scriptedOutput(played.answer, body.max_output_tokens ?? null);
  const waits = scripted === null && isPending(body, context);
  const obedient = hasFault(faults, 'obedient');
  const output =
    scripted ?? (waits ? await nothingYet(deps, body) : await takeTurn(deps, body, { id, context: seen, obedient }));
  const planned = plannedRecord(deps, body, { ...admitted, seen, output, conversationId });
  const lived = withFaults(planned, faults, (duration) => deps.clock.scaled(duration));
  const empty = hasFault(faults, 'empty_output');
  const pending = waits ? pendingRecord(lived, empty) : null;
  const record = pending === null ? lived : { ...lived, endsAt: null };
  const items = withEncryptedReasoning(deps.store.sealKey, body, empty ? [] : output.items);
  const inputBytes = Buffer.byteLength(JSON.stringify(body.input ?? ''));
  const made = { record, context, output: items, conversation, inputBytes };
  const work = pending === null ? [] : [put(deps.store.tables.pending, id, pending)];
  await deps.store.write([...changesOf(deps, made), ...work, ...played.changes]);
  if (pending !== null) startWork(deps, id, body);
  return { record, output: items, faults: played.faults };
}

/** The record of a response whose life no fault has touched. */
function plannedRecord(
  { options, clock }: Deps,
  body: CreateBody,
  made: Admitted & { seen: Context; output: Output; conversationId: string | undefined },
): ResponseRecord {
  const { id, seen, output } = made;
  const { answer } = made.played;
  const { input: _input, ...request } = body;
  const usage = usageOf({
    earlier: countItemTokens(seen.earlier),
    fresh: countItemTokens(seen.input) + countTokens(guidanceOf(body)),
    output: output.tokens,
    reasoning: output.reasoningTokens,
  });
  return {
    id,
    request,
    conversationId: made.conversationId ?? null,
    ...planSchedule({
      id,
      now: clock.now(),
      speed: options.speed,
      pace: paceOf(body),
      background: body.background === true,
      seconds: answer.seconds ?? made.seconds,
    }),
    ending: scriptedEnding(answer) ?? endingOf(output),
    usage: scriptedUsage(answer, usage),
    ...(answer.fault === undefined ? {} : { quirks: { plan: answer.fault } }),
  };
}

/**
 * The output of a response that has to be worked for after its acceptance. Throws the API's error where the request names
 * something that is not there.
 */
async function nothingYet(deps: Deps, body: CreateBody): Promise<Output> {
  await openSources(deps, chooseTools(body));
  return { items: [], tokens: 0, reasoningTokens: 0, truncated: false };
}

/** What the options make of every response, told as faults. */
function modeFaults({ options }: Deps): Fault[] {
  return [
    ...(options.background === 'forget' ? [{ name: 'expires', argument: '0' }] : []),
    ...(options.obedient ? [{ name: 'obedient' }] : []),
  ];
}

/** A request with what the emulator makes of its `model` and its `store`. */
function settle({ options }: Deps, body: CreateBody): CreateBody {
  const model = options.modelNames === 'dated' ? datedModel(body.model) : body.model;
  return { ...body, model, store: storeOf(body, options.dataMode) };
}

/** Throws the API's 400 for a model that the options do not list. */
export function checkModel({ options }: Deps, { model }: { model: string }): void {
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

function paceOf(body: CreateBody): Pace {
  if (body.tools !== undefined && body.tools.length > 0 && body.tool_choice !== 'none') return 'tools';
  return asksForReasoning(body) ? 'reasoning' : 'simple';
}

function endingOf({ truncated }: Output): Ending {
  return truncated ? { status: 'incomplete', reason: 'max_output_tokens' } : { status: 'completed' };
}
