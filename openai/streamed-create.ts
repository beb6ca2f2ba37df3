import { type OpenAI } from 'openai';
import { readCreateAnswer } from './create-answer';
import { isEnd, isEventStream, readEvents, type StreamEvent } from './events';
import { type CreateBody, type Item, type ProviderResponse, providerResponseSchema, type Reading } from './port';

/** How long the stream of a background response is kept open after its create. */
const KEPT_OPEN_MS = 10_000;

type StreamedCreate = {
  body: CreateBody;
  timeoutMs: number;
  reading?: Reading;
  /** Told of the answer's headers, before anything of it is read. */
  onAnswer?: (headers: Headers) => void;
};

/**
 * A create with `stream: true`. Its first event tells whether the response runs in the background: then that is the
 * answer. Otherwise the stream is the response itself, and is read to its end.
 * `timeoutMs` covers the time until the first event.
 * @throws whatever broke the stream, also where it ended before its response.
 */
export async function createStreamed(
  client: OpenAI,
  { body, timeoutMs, reading = {}, onAnswer }: StreamedCreate,
): Promise<ProviderResponse> {
  const connection = new AbortController();
  const limit = setTimeout(() => connection.abort(new DOMException('no answer came', 'TimeoutError')), timeoutMs);
  const close = (): void => connection.abort(reading.signal?.reason);
  const closeBySignal = (): void => {
    if (reading.signal?.aborted) close();
    else reading.signal?.addEventListener('abort', close, { once: true });
  };
  // Before it is known where the response runs, its id would be lost.
  if (body['background'] !== true) closeBySignal();
  try {
    const sent = client.post('/responses', { body, timeout: timeoutMs, signal: connection.signal });
    const answer = await sent.asResponse();
    onAnswer?.(answer.headers);
    if (!answer.body || !isEventStream(answer)) return await readCreateAnswer(answer, body.model);
    const events = readEvents(answer.body);
    const started = await firstResponse(events);
    clearTimeout(limit);
    if (runsInBackground(started, body)) {
      void keepOpen(events, connection);
      return { ...started.response, status: started.response.status ?? 'queued', model: body.model, output: [] };
    }
    closeBySignal();
    reading.onForeground?.(started.response.id);
    return await readToEnd(events, started, reading);
  } catch (error) {
    connection.abort();
    throw error;
  } finally {
    clearTimeout(limit);
    reading.signal?.removeEventListener('abort', close);
  }
}

type Started = StreamEvent & Required<Pick<StreamEvent, 'response'>>;

async function firstResponse(events: AsyncGenerator<StreamEvent, void>): Promise<Started> {
  let error = '';
  for (;;) {
    const { value: event } = await events.next();
    if (!event) throw new Error(`the stream ended before it named a response${error}`);
    if (event.response) return event as Started;
    if (event.type === 'error') error = `: ${errorText(event)}`;
  }
}

/** Servers that ignore `background` say so, or leave it out, in the response that they begin. */
function runsInBackground({ response }: Started, body: CreateBody): boolean {
  if (body['background'] !== true) return false;
  const said = response['background'];
  return said === true || (said === undefined && response.status === 'queued');
}

async function readToEnd(
  events: AsyncGenerator<StreamEvent, void>,
  started: Started,
  { onEvent }: Reading,
): Promise<ProviderResponse> {
  const items: Item[] = [];
  let error = '';
  for (let event: StreamEvent = started; ;) {
    onEvent?.(event);
    if (event.type === 'response.output_item.done' && event.item) items.push(event.item);
    if (event.type === 'error') error = `: ${errorText(event)}`;
    if (isEnd(event)) {
      const ended = providerResponseSchema.parse(event.response);
      // Some servers send the items in their own events alone.
      return ended.output.length === 0 ? { ...ended, output: items } : ended;
    }
    const next = await events.next();
    if (next.done) throw new Error(`the stream of ${started.response.id} ended before its response${error}`);
    event = next.value;
  }
}

/** The wire nests it, the specification does not. */
function errorText(event: StreamEvent): string {
  const nested: unknown = event['error'];
  const from = nested !== null && typeof nested === 'object' ? nested : event;
  return String(Reflect.get(from, 'message') ?? 'an error without a message');
}

/** A background response whose stream is cut at its very beginning was seen to stay queued for ever. */
async function keepOpen(events: AsyncGenerator<StreamEvent, void>, connection: AbortController): Promise<void> {
  const limit = setTimeout(() => connection.abort(), KEPT_OPEN_MS);
  try {
    for await (const event of events) if (event.type === 'response.in_progress' || isEnd(event)) break;
  } catch {
    // The response goes on without its stream.
  } finally {
    clearTimeout(limit);
    connection.abort();
  }
}
