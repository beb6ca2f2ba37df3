import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { itemSchema } from './item';

/**
 * An event of a response's stream. The list of types is open, and each has fields of its own. A field that is odd is
 * left out, and not the event: it may hold an answer that is paid.
 */
export const streamEventSchema = z.looseObject({
  type: z.string(),
  /** Counts the events of one response; by it a stream that broke off is taken up again. */
  sequence_number: z.int().min(0).optional().catch(undefined),
  /** On the events that begin and end a response. */
  response: z
    .looseObject({ id: z.string().min(1), status: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  /** On the events that begin and end an item of the output. */
  item: itemSchema.optional().catch(undefined),
  delta: z.string().optional().catch(undefined),
});
export type StreamEvent = z.infer<typeof streamEventSchema>;

/** False for a server that answers with something else, such as a plain response. */
export function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false;
}

const END_OF_STREAM = '[DONE]';

/**
 * Events of a stream as they come. By hand and not by the SDK's streams, which throw at an `error` event before the
 * terminal event that follows it is read. What is no event of the API is left out.
 * @throws whatever breaks the connection.
 */
export async function* readEvents(body: NonNullable<Response['body']>): AsyncGenerator<StreamEvent, void> {
  const decoder = new TextDecoder();
  let events: StreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      const event = parseEvent(data);
      if (event) events.push(event);
    },
  });
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    const read = events;
    events = [];
    yield* read;
  }
  // Some servers end the connection instead of the last event; half an event is no JSON.
  parser.feed('\n\n');
  yield* events;
}

function parseEvent(data: string): StreamEvent | undefined {
  if (data === END_OF_STREAM) return undefined;
  try {
    return streamEventSchema.safeParse(JSON.parse(data)).data;
  } catch {
    // Not JSON: a comment of a proxy. A stream without its terminal event is noticed by whoever reads it.
    return undefined;
  }
}

const ENDS = ['response.completed', 'response.incomplete', 'response.failed'];

/** True for the last event of a response; a cancelled one ends as `response.failed`. */
export function isEnd({ type }: StreamEvent): boolean {
  return ENDS.includes(type);
}
