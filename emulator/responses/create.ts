import { conversationRows, freeConversation } from '../conversations/find';
import type { Deps } from '../deps';
import { hasFault, type Fault } from '../faults/catalogue';
import { withFaults } from '../faults/life';
import { badRequest } from '../http/errors';
import { newId } from '../ids';
import { changesOf } from './accepted';
import { chainItems, toItems, type Context } from './context';
import { asksForReasoning } from './output';
import type { Item, ResponseRecord } from './record';
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
export async function createResponse(deps: Deps, body: CreateBody, faults: readonly Fault[]): Promise<Created> {
  checkModel(deps, body);
  const seconds = fixedSeconds(deps, body);
  return deps.store.exclusive(() => accept(deps, body, { faults, seconds }));
}

async function accept(
  deps: Deps,
  body: CreateBody,
  { faults, seconds }: { faults: readonly Fault[]; seconds: number | undefined },
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
  const planned: ResponseRecord = {
    id,
    request,
    conversationId: conversation?.id ?? null,
    ...schedule,
    ending: output.truncated ? { status: 'incomplete', reason: 'max_output_tokens' } : { status: 'completed' },
    usage: usageOf({
      earlier: countItemTokens(context.earlier),
      fresh: countItemTokens(context.input) + countTokens(guidanceOf(body)),
      output: output.tokens,
      reasoning: output.reasoningTokens,
    }),
  };
  const record = withFaults(planned, faults, (duration) => deps.clock.scaled(duration));
  const items = hasFault(faults, 'empty_output') ? [] : output.items;
  const inputBytes = Buffer.byteLength(JSON.stringify(input ?? ''));
  await deps.store.write(changesOf(deps, { record, context, output: items, conversation, inputBytes }));
  return { record, output: items };
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
