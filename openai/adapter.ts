import { APIError, type OpenAI } from 'openai';
import { z } from 'zod';
import { type CallSubject, classifyError } from './classify';
import { readCreateAnswer } from './create-answer';
import { isEventStream, readEvents, type StreamEvent } from './events';
import {
  type CreateBody,
  type FollowOptions,
  type Item,
  itemSchema,
  type Provider,
  ProviderError,
  type ProviderResponse,
  providerResponseSchema,
  isTerminal,
  type Reading,
} from './port';
import { heldBack, type Need, RateLimits } from './rate-limits';
import { createClient, originOf, type ProviderSettings } from './settings';
import { createStreamed } from './streamed-create';

/** Longest wait for the whole answer of a call that costs nothing to repeat. */
const READ_TIMEOUT_MS = 20_000;
/** Most items the API gives in one page. */
const PAGE_SIZE = 100;

const itemsPageSchema = z.looseObject({ data: z.array(itemSchema), has_more: z.boolean().nullish() });
const conversationSchema = z.looseObject({ id: z.string().min(1) });

/**
 * The provider behind the official SDK. Nothing is retried here; every failure is a classified `ProviderError`.
 * @throws InvalidInputError for settings that cannot be used; their values are not echoed.
 */
export function createProvider(settings: ProviderSettings): Provider {
  const client = createClient(settings);
  const origin = originOf(settings);
  const limits = new RateLimits();
  const { secrets } = settings;
  const read = async <T>(about: CallSubject, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw classifyError(error, 'read', { origin, apiKey: client.apiKey, ...about });
    }
  };
  const retrieve = async (responseId: string): Promise<ProviderResponse> =>
    providerResponseSchema.parse(await client.responses.retrieve(responseId, {}, within(READ_TIMEOUT_MS)));
  return {
    origin,
    assertRoom(model, again) {
      const held = limits.hold({ model, tokens: 1 }, again);
      if (held) throw heldBack(model, held, origin);
    },
    createResponse: (body, timeoutMs, reading) => create(client, { body, timeoutMs, origin, reading, limits, secrets }),
    followResponse: (responseId, options) => follow(client, { ...options, responseId, origin }),
    retrieveResponse: (responseId) => read({ responseId }, () => retrieve(responseId)),
    cancelResponse: (responseId) => cancel(client, { responseId, retrieve, origin }),
    deleteResponse: (responseId) =>
      read({ responseId, action: 'delete' }, async () => {
        await client.responses.delete(responseId, within(READ_TIMEOUT_MS));
      }),
    inputItems: (responseId) => read({ responseId }, () => allInputItems(client, responseId)),
    createConversation: () =>
      read({ action: 'create a conversation' }, async () => {
        const conversation = await client.conversations.create({}, within(READ_TIMEOUT_MS));
        return conversationSchema.parse(conversation).id;
      }),
    newestConversationItems: (conversationId, limit) =>
      read({ conversationId }, async () => {
        const path = `/conversations/${encodeURIComponent(conversationId)}/items`;
        return (await getPage(client, path, { order: 'desc', limit })).data;
      }),
  };
}

/** The SDK's own timeout ends with the headers; the signal covers the body as well. */
function within(ms: number): { timeout: number; signal: AbortSignal } {
  return { timeout: ms, signal: AbortSignal.timeout(ms) };
}

type CreateCall = {
  body: CreateBody;
  timeoutMs: number;
  origin: string;
  reading?: Reading;
  limits: RateLimits;
  secrets?: readonly string[];
};

async function create(client: OpenAI, call: CreateCall): Promise<ProviderResponse> {
  const { body, timeoutMs, origin, reading, limits, secrets } = call;
  const need = needOf(body);
  const held = limits.take(need);
  if (held) throw heldBack(need.model, held, origin);
  let isAnswered = false;
  const onAnswer = (headers: Headers): void => {
    isAnswered = true;
    limits.answered(need, headers);
  };
  try {
    if (body['stream'] === true) return await createStreamed(client, { body, timeoutMs, reading, onAnswer });
    const answer = await client.post('/responses', { body, ...within(timeoutMs) }).asResponse();
    onAnswer(answer.headers);
    return await readCreateAnswer(answer, body.model);
  } catch (error) {
    if (!isAnswered && error instanceof APIError && error.headers) onAnswer(error.headers);
    else if (!isAnswered) limits.lost(need);
    const failure = classifyError(error, 'create', {
      origin,
      apiKey: client.apiKey,
      secrets,
      background: body['background'] === true,
    });
    throw failure.type === 'RateLimited' ? inTurn(failure, need, limits) : failure;
  }
}

/** Those that are refused together do not come back together. */
function inTurn({ message, retryAfterMs = 0, unquoted }: ProviderError, need: Need, limits: RateLimits): ProviderError {
  return new ProviderError('RateLimited', message, limits.refused(need, retryAfterMs), { unquoted });
}

/** A token is about four characters; providers count the longest output too. */
function needOf({ model, input, instructions, tools, text, max_output_tokens: longest }: CreateBody): Need {
  const said = JSON.stringify([input, instructions, tools, text]);
  return { model, tokens: Math.ceil(said.length / 4) + (typeof longest === 'number' ? longest : 0) };
}

type FollowCall = FollowOptions & { responseId: string; origin: string };

async function* follow(
  client: OpenAI,
  { responseId, startingAfter, signal, origin }: FollowCall,
): AsyncGenerator<StreamEvent, void> {
  try {
    const query = { stream: true, ...(startingAfter !== undefined && { starting_after: startingAfter }) };
    const path = `/responses/${encodeURIComponent(responseId)}`;
    const answer = await client.get(path, { query, timeout: READ_TIMEOUT_MS, signal }).asResponse();
    if (!answer.body || !isEventStream(answer)) {
      await answer.body?.cancel();
      throw new ProviderError('InvalidRequest', `the stream of ${responseId} cannot be followed at ${origin}`);
    }
    yield* readEvents(answer.body);
  } catch (error) {
    throw classifyError(error, 'read', { origin, apiKey: client.apiKey, responseId });
  }
}

type CancelCall = { responseId: string; retrieve: Provider['retrieveResponse']; origin: string };

async function cancel(client: OpenAI, { responseId, retrieve, origin }: CancelCall): Promise<ProviderResponse> {
  try {
    return providerResponseSchema.parse(await client.responses.cancel(responseId, within(READ_TIMEOUT_MS)));
  } catch (error) {
    const refused = classifyError(error, 'cancel', { origin, apiKey: client.apiKey, responseId });
    if (!(error instanceof APIError && error.status === 400)) throw refused;
    // A response that has ended refuses to be cancelled; what it ended as is the answer.
    const response = await retrieve(responseId).catch((cause: unknown) => {
      throw classifyError(cause, 'read', { origin, apiKey: client.apiKey, responseId });
    });
    if (!isTerminal(response.status)) throw refused;
    return response;
  }
}

async function allInputItems(client: OpenAI, responseId: string): Promise<Item[]> {
  const path = `/responses/${encodeURIComponent(responseId)}/input_items`;
  const items: Item[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await getPage(client, path, { order: 'asc', limit: PAGE_SIZE, ...(after !== undefined && { after }) });
    items.push(...page.data);
    const last = page.data.at(-1)?.['id'];
    // A page that ends where the one before it did would be asked for again without end.
    if (page.has_more !== true || typeof last !== 'string' || last === after) return items;
    after = last;
  }
}

/** Not by the SDK's pages: they take a body that is no list for an empty one. */
async function getPage(
  client: OpenAI,
  path: string,
  query: Record<string, string | number>,
): Promise<z.infer<typeof itemsPageSchema>> {
  return itemsPageSchema.parse(await client.get(path, { query, ...within(READ_TIMEOUT_MS) }));
}
