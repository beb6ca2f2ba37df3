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
  for (const cause of causes(error)) {
    const code = field(cause, 'code');
    if (code === undefined) continue;
    const unsent = NOT_CONNECTED.has(code) || CERTIFICATE.test(code) || field(cause, 'syscall') === 'connect';
    return { code, unsent };
  }
  const stopped = causes(error).some(
    ({ name, message }) => /^(Abort|Timeout)Error$/.test(name) || /timed? ?out|aborted/i.test(message),
  );
  return { code: stopped ? 'TIMEOUT' : 'UNKNOWN', unsent: false };
}

function causes(error: unknown): Error[] {
  const found: Error[] = [];
  for (let cause = error; cause instanceof Error && found.length < MAX_CAUSES; cause = cause.cause) found.push(cause);
  return found;
}

function field(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}

/** The connection was not made. Its text avoids the word that makes the SDK take it for a timeout and drop the code. */
class NotConnected extends Error {
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
