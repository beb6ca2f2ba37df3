import type { FastifyRequest } from 'fastify';
import { newId } from '../ids';
import { numberOf, type Fault } from './catalogue';

/** A stream that breaks off with an error does so after as many events, where the fault names no number. */
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
  const argument = faults.find(({ name }) => name === 'stream_error')?.argument;
  if (argument === undefined) return frames;
  const [form, count] = argument.split(':');
  return failing(frames, { flat: form === 'flat', after: count === undefined ? EVENTS_BEFORE_ERROR : Number(count) });
}

async function* dropped(
  frames: AsyncGenerator<string, void, undefined>,
  request: FastifyRequest,
  count: number,
): AsyncGenerator<string, void, undefined> {
  yield* first(frames, count);
  // What was sent is handed to the system before the connection ends.
  await new Promise((resolve) => setImmediate(resolve));
  request.raw.socket.destroySoon();
}

async function* failing(
  frames: AsyncGenerator<string, void, undefined>,
  { flat, after }: { flat: boolean; after: number },
): AsyncGenerator<string, void, undefined> {
  let last = '';
  for await (const chunk of first(frames, after)) {
    last = chunk;
    yield chunk;
  }
  const number = Number([...last.matchAll(NUMBER)].at(-1)?.[1] ?? -1) + 1;
  const message = `An error occurred while processing your request. Please include the request ID ${newId('wfr')} in your message.`;
  const error = { type: 'server_error', code: 'server_error', message, param: null };
  const data = flat
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
