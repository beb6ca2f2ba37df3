import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import type { Deps } from '../../deps';
import { reportUnexpected } from '../../error-code';
import { faultsOf } from '../../faults/hooks';
import { brokenStream } from '../../faults/stream';
import { whenGone } from '../../http/gone';
import { abandonResponse } from '../change';
import { followLog, type FollowOptions, type StoredResponse } from './follow';

/** Which part of a log a client gets. */
export interface Wanted {
  /** Number of the last event that it has; -1: none. */
  readonly startingAfter: number;
  /** Events from before this instant are gone, in milliseconds since the epoch. */
  readonly since: number;
  /** Whether deltas carry `obfuscation`. */
  readonly obfuscation: boolean;
  /** What it wants included besides what the create asked for. */
  readonly include: FollowOptions['include'];
}

/**
 * Answers with the events of a response, live. A client that hangs up stops a response that runs in the foreground, and
 * none other.
 */
export function sendEvents(deps: Deps, created: StoredResponse, reply: FastifyReply, wanted: Wanted): FastifyReply {
  const { streamDone, errorEvent } = deps.options;
  const { startingAfter, ...rest } = wanted;
  const gone = whenGone(reply);
  const options = { ...rest, from: startingAfter + 1, streamDone, errorEvent };
  const frames = brokenStream(followLog(deps, created, options, gone), reply.request, faultsOf(reply.request));
  const events = Readable.from(withHeadersFirst(reply, frames), { objectMode: false });
  events.once('error', (error) => {
    // A client that leaves before the first byte is no news.
    if (!gone.aborted) reportUnexpected(error);
  });
  if (created.record.request.background !== true) stopWhenGone(deps, created.record.id, reply, gone);
  return reply.type('text/event-stream; charset=utf-8').send(events);
}

/** A client that waits for the next event must see at once that it is connected. */
async function* withHeadersFirst(
  reply: FastifyReply,
  events: AsyncGenerator<string, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  reply.raw.flushHeaders();
  yield* events;
}

function stopWhenGone(deps: Deps, id: string, reply: FastifyReply, gone: AbortSignal): void {
  const stop = (): void => {
    // A server that stops hangs up itself, and the response goes on as it would after a crash.
    if (reply.server.server.listening) abandonResponse(deps, id).catch(reportUnexpected);
  };
  if (gone.aborted) stop();
  else gone.addEventListener('abort', stop, { once: true });
}
