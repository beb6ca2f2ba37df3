import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasFault, numberOf, type Fault } from './catalogue';

const TRICKLE_PIECES = 20;

/** What faults do to an answer that is ready to be sent; a stream is only delayed or cut. */
export async function spoil(
  { request, reply, payload }: { request: FastifyRequest; reply: FastifyReply; payload: unknown },
  faults: readonly Fault[],
): Promise<unknown> {
  const { socket } = request.raw;
  const delay = numberOf(faults, 'latency');
  if (delay !== undefined && !socket.destroyed) await waitOpen(request, delay);
  // Its error would be answered in the same way again, until the server has no answer left and throws.
  if (socket.destroyed) return payload;
  if (hasFault(faults, 'drop_after_accept')) {
    socket.destroy();
    return payload;
  }
  if (typeof payload !== 'string') return payload;
  if (hasFault(faults, 'malformed_json')) return payload.slice(0, Math.ceil(payload.length / 2));
  const bytes = Buffer.from(payload);
  const trickle = numberOf(faults, 'slow_body');
  if (trickle === undefined && !hasFault(faults, 'drop_in_body')) return payload;
  void reply.header('content-length', bytes.length);
  return Readable.from(trickle === undefined ? half(request, bytes) : slowly(request, bytes, trickle));
}

async function* half(request: FastifyRequest, bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, Math.ceil(bytes.length / 2));
  // The first half is handed to the system before the connection ends.
  await new Promise((resolve) => setImmediate(resolve));
  request.raw.socket.destroySoon();
}

async function* slowly(request: FastifyRequest, bytes: Buffer, seconds: number): AsyncGenerator<Buffer> {
  const size = Math.ceil(bytes.length / TRICKLE_PIECES);
  for (let from = 0; from < bytes.length; from += size) {
    await waitOpen(request, seconds / TRICKLE_PIECES);
    yield bytes.subarray(from, from + size);
  }
}

/** Waits in real time, or until the client has gone. */
async function waitOpen(request: FastifyRequest, seconds: number): Promise<void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  request.raw.socket.once('close', leave);
  try {
    await sleep(seconds * 1000, undefined, { signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    request.raw.socket.off('close', leave);
  }
}
