import { type Client } from 'pg';
import { z } from 'zod';

/** Gives the connection string whenever a connection is made; a function may fetch a password that changes. */
export type ConnectionString = string | (() => string | Promise<string>);

/** Thrown when the database cannot be used at all; the message is for the model, and tells nothing of the connection. */
export class DatabaseUnusableError extends Error {
  override readonly name = 'DatabaseUnusableError';
}

/** Bounds of a session. */
export interface SessionOptions {
  connectionString: ConnectionString;
  timeoutMs: number;
  /** Most bytes that the database may send; the connection is closed beyond. */
  maxReceivedBytes: number;
  signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 5_000;

/**
 * Runs `work` in a read-only transaction on a connection of its own, rolls it back and closes the connection: nothing
 * that a statement sets, locks or prepares in its session outlives the call. When the signal aborts, the server is told
 * to cancel.
 */
export async function inReadOnlySession<T>(options: SessionOptions, work: (client: Client) => Promise<T>): Promise<T> {
  const { timeoutMs, signal } = options;
  const client = await connected(options.connectionString);
  const close = (): void => streamOf(client).destroy();
  let cancelling: Promise<void> | undefined;
  try {
    await client.query('BEGIN TRANSACTION READ ONLY');
    // Also takes the transaction's snapshot, after which nothing can make it read-write again.
    const { rows } = await client.query(SET_UP, [`${timeoutMs}`, `${LOCK_TIMEOUT_MS}`, `${timeoutMs * 2}`]);
    const { pid, mighty, user } = setUpSchema.parse(rows[0]);
    if (mighty) throw new DatabaseUnusableError(tooMighty(user));
    const onAbort = (): void => {
      cancelling = cancel(options.connectionString, pid).finally(close);
    };
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await withReceiveBound(client, options.maxReceivedBytes, () => work(client));
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  } finally {
    await cancelling?.catch(close);
    // Ending the connection rolls back; a server that does not answer any more is not waited for.
    await client.end().catch(close);
  }
}

const SET_UP = `
SELECT pg_backend_pid() AS pid, session_user::text AS user,
  pg_has_role(session_user, 'pg_execute_server_program', 'MEMBER')
    OR pg_has_role(session_user, 'pg_read_server_files', 'MEMBER')
    OR pg_has_role(session_user, 'pg_write_server_files', 'MEMBER') AS mighty,
  set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
  set_config('idle_in_transaction_session_timeout', $3, true)`;

const setUpSchema = z.object({ pid: z.coerce.number(), mighty: z.coerce.boolean(), user: z.string() });

function tooMighty(user: string): string {
  return (
    `the role "${user}" is a superuser, or may read files and run programs of the server, which no read-only ` +
    'transaction stops: connect with a role that has SELECT on the tables alone (docs/tools.md)'
  );
}

async function connected(connectionString: ConnectionString): Promise<Client> {
  const { Client: PgClient } = await import('pg');
  try {
    const client = new PgClient({
      connectionString: typeof connectionString === 'string' ? connectionString : await connectionString(),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'durable-research query_sql',
    });
    // A connection that is lost between two statements is told by the next one.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  } catch (error) {
    // Neither message nor cause: a connection string that cannot be parsed is in both.
    // oxlint-disable-next-line preserve-caught-error
    throw new DatabaseUnusableError(`the database cannot be connected to (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return z.object({ code: z.string() }).safeParse(error).data?.code ?? 'no answer';
}

/** By a connection of its own, since the first one is busy with what is cancelled. */
async function cancel(connectionString: ConnectionString, pid: number): Promise<void> {
  const client = await connected(connectionString);
  try {
    await client.query('SELECT pg_cancel_backend($1)', [pid]);
  } finally {
    await client.end();
  }
}

/** The driver collects a row whole before anyone sees it, and a row may have a gigabyte. */
async function withReceiveBound<T>(client: Client, maxBytes: number, work: () => Promise<T>): Promise<T> {
  const stream = streamOf(client);
  let received = 0;
  const count = (chunk: Buffer): void => {
    received += chunk.length;
    if (received > maxBytes) stream.destroy();
  };
  stream.on('data', count);
  try {
    return await work();
  } catch (error) {
    if (received <= maxBytes) throw error;
    throw new DatabaseUnusableError(
      `the result is far too large (more than ${maxBytes} bytes for a few rows): select fewer or shorter columns`,
      { cause: error },
    );
  } finally {
    stream.off('data', count);
  }
}

/** The driver's socket, or what decrypts it; its types do not tell of it. */
function streamOf(client: Client): NodeJS.ReadableStream & { destroy(): void } {
  return (client as unknown as { connection: { stream: NodeJS.ReadableStream & { destroy(): void } } }).connection
    .stream;
}
