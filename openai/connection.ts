import { z } from 'zod';

/** Codes of a connection that was never made, so that no byte of the request left. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]);

/** A certificate is judged in the handshake, before the request is sent. */
const CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/;

/** How the SDK and fetch say that we stopped waiting. */
const STOPPED = /AbortError|TimeoutError|timed? ?out|aborted/i;

const REFUSED_BY_FETCH = /^(?:bad port|unknown scheme|invalid url|failed to parse url)/i;

const MAX_CAUSES = 8;

/** What is known of a connection that failed. */
export type ConnectionTrouble = {
  /** Code of Node or of its fetch, such as `ECONNRESET`; `TIMEOUT` where we stopped waiting. */
  code: string;
  /** True where the request certainly never reached the provider. */
  unsent: boolean;
};

/** Finds the reason of a failed connection in an error's causes; fetch, the SDK and Node each wrap it once more. */
export function connectionTrouble(error: unknown): ConnectionTrouble {
  const chain = causes(error);
  for (const { code, syscall } of chain) {
    if (code === undefined) continue;
    return { code, unsent: NOT_CONNECTED.has(code) || CERTIFICATE.test(code) || syscall === 'connect' };
  }
  // fetch itself refuses some ports and schemes, without a code and before anything is sent.
  if (chain.some(({ message = '' }) => REFUSED_BY_FETCH.test(message))) return { code: 'BAD_URL', unsent: true };
  const stopped = chain.some(({ name = '', message = '' }) => STOPPED.test(`${name} ${message}`));
  return { code: stopped ? 'TIMEOUT' : 'UNKNOWN', unsent: false };
}

const causeSchema = z.object({
  name: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  syscall: z.string().optional().catch(undefined),
  cause: z.unknown().optional(),
});

/** By their fields, not by class: an error of another realm is no `instanceof Error`. */
function causes(error: unknown): z.infer<typeof causeSchema>[] {
  const found: z.infer<typeof causeSchema>[] = [];
  for (let cause = error; found.length < MAX_CAUSES; cause = found.at(-1)?.cause) {
    const parsed = causeSchema.safeParse(cause);
    if (!parsed.success) break;
    found.push(parsed.data);
  }
  return found;
}

/** The connection was not made. Its text avoids the word that makes the SDK take it for a timeout and drop the code. */
class NotConnected extends Error {
  /** Whatever the code, it went wrong before anything was sent. */
  readonly syscall = 'connect';

  constructor(readonly code: string) {
    super('no connection');
    this.name = 'NotConnected';
  }
}

/**
 * `fetch` that keeps the difference between "never connected" and "no answer in time". The SDK throws both as one
 * timeout without a cause, and a create that was certainly not sent would be booked as possibly paid.
 */
export async function connectingFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(input, init);
  } catch (error) {
    const { code, unsent } = connectionTrouble(error);
    throw unsent ? new NotConnected(code) : error;
  }
}
