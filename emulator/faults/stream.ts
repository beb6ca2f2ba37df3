import type { FastifyRequest } from 'fastify';
import { newId } from '../ids';
import { numberOf, type Fault } from './catalogue';

/** A stream that breaks off with an error does so after as many events. */
const EVENTS_BEFORE_ERROR = 3;
const FRAME_END = '\n\n';
const NUMBER = /^data: \{"type":"[\w.]+","sequence_number":(\d+)/gm;

/** What faults do to a stream: they cut its connection, or end it with an error while its response goes on. */
export function brokenStream(
  frames: AsyncGenerator<string, void, undefined>,
  request: FastifyRequest,
  faults: readonly Fault[],
): AsyncGenerator<string, void, undefined> {
  const drop = numberOf(faults, 'stream_dropped');
  if (drop !== undefined) return dropped(frames, request, drop);
  const form = faults.find(({ name }) => name === 'stream_error')?.argument;
  return form === undefined ? frames : failing(frames, form);
}

async function* dropped(
  frames: AsyncGenerator<string, void, undefined>,
  request: FastifyRequest,
  count: number,
): AsyncGenerator<string, void, undefined> {
  if (count > 0) yield* first(frames, count);
  // What was sent is handed to the system before the connection ends.
  await new Promise((resolve) => setImmediate(resolve));
  request.raw.socket.destroySoon();
}

async function* failing(
  frames: AsyncGenerator<string, void, undefined>,
  form: string,
): AsyncGenerator<string, void, undefined> {
  let last = '';
  for await (const chunk of first(frames, EVENTS_BEFORE_ERROR)) {
    last = chunk;
    yield chunk;
  }
  const number = Number([...last.matchAll(NUMBER)].at(-1)?.[1] ?? -1) + 1;
  const message = `An error occurred while processing your request. Please include the request ID ${newId('wfr')} in your message.`;
  const error = { type: 'server_error', code: 'server_error', message, param: null };
  const data =
    form === 'flat'
      ? { ...error, type: 'error', sequence_number: number }
      : { type: 'error', sequence_number: number, error };
  yield `event: error\ndata: ${JSON.stringify(data)}${FRAME_END}`;
}

/** The first so many events of a stream; the rest is never asked for. */
async function* first(
  chunks: AsyncGenerator<string, void, undefined>,
  count: number,
): AsyncGenerator<string, void, undefined> {
  let left = count;
  for await (const chunk of chunks) {
    const frames = chunk.split(FRAME_END).slice(0, -1);
    yield frames
      .slice(0, left)
      .map((frame) => frame + FRAME_END)
      .join('');
    left -= frames.length;
    if (left <= 0) return;
  }
}
