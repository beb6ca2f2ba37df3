import type { FastifyReply } from 'fastify';

/** Aborts when the connection that a reply belongs to is closed, or already is. */
export function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (raw.destroyed) gone.abort();
  else raw.once('close', () => gone.abort());
  return gone.signal;
}
