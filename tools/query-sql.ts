import { z } from 'zod';
import { durationMs } from '../contract/duration';
import { startDeadline } from './deadline';
import { defineTool, type Tool } from './define-tool';
import { placeInQuery, rowsOf } from './postgres/rows';
import { type ConnectionString, DatabaseUnusableError, inReadOnlySession } from './postgres/session';

/** Options of {@link querySql}. */
export interface QuerySqlOptions {
  /** Of a role that may SELECT what the model may see, and nothing else. A function is asked at every connection. */
  connectionString: ConnectionString;
  /** Tables and columns for the model, as `describeTables` gives them. Default none: it may ask information_schema. */
  schema?: string;
  /** The tool's name, where a worker has several databases. Default `query_sql`. */
  name?: string;
  /** Longest time of a call, and the tool's `timeout`. Default `15s`. */
  timeout?: string;
  /** Most rows of a result. Default 100. */
  maxRows?: number;
  /** Most bytes of a result as JSON. Default 50,000. */
  maxBytes?: number;
  /** Whether a person decides on every query. Default false. */
  needsApproval?: boolean;
}

const parameters = z.object({ sql: z.string().min(1).describe('One SELECT of PostgreSQL') });

const DESCRIPTION =
  'Reads from a PostgreSQL database: takes one SELECT (WITH, VALUES and TABLE as well) and returns columns and rows. ' +
  'bigint and numeric come as strings. Aggregate in SQL, select only the columns that are needed, and use LIMIT.';
const DEFAULT_MAX_ROWS = 100;
const DEFAULT_MAX_BYTES = 50_000;
/** A few rows may be this much larger than what is given of them, before the connection is closed. */
const RECEIVED_PER_GIVEN = 100;
/** For the activity beyond the call's own bound, so that the server is told to cancel. */
const TIMEOUT_MARGIN_MS = 15_000;

/**
 * A tool `query_sql`: one SELECT on a PostgreSQL database, in a read-only transaction with bounds of time, rows and
 * bytes. Needs the package `pg` beside this one.
 * @throws Error without `pg`; TypeError for a `timeout` that is no duration.
 * @example
 * const connectionString = process.env['REPORTS_DATABASE_URL'] ?? '';
 * const tools = [querySql({ connectionString, schema: 'orders (id bigint, total numeric, placed_at timestamptz)' })];
 */
export function querySql(options: QuerySqlOptions): Tool {
  const { connectionString, schema, name = 'query_sql', maxRows = DEFAULT_MAX_ROWS } = options;
  requirePg(name);
  const timeoutMs = durationMs(options.timeout ?? '15s');
  if (!(timeoutMs > 0)) throw new TypeError(`${name}: timeout: expected a duration, got "${options.timeout}"`);
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  return defineTool({
    name,
    description: schema === undefined ? DESCRIPTION : `${DESCRIPTION}\nTables:\n${schema}`,
    parameters,
    needsApproval: options.needsApproval,
    timeout: `${timeoutMs + TIMEOUT_MARGIN_MS}ms`,
    async execute({ sql }, context) {
      const deadline = startDeadline(timeoutMs, context.signal);
      const session = { connectionString, timeoutMs, maxReceivedBytes: maxBytes * RECEIVED_PER_GIVEN };
      try {
        return await inReadOnlySession({ ...session, signal: deadline.signal }, (client) =>
          rowsOf(client, sql, { maxRows, maxBytes }),
        );
      } catch (error) {
        context.signal.throwIfAborted();
        const reason = deadline.isOver() ? tooLong(timeoutMs) : reasonOf(error, timeoutMs);
        // oxlint-disable-next-line preserve-caught-error -- a cause may hold the connection string
        throw new Error(`${name}: ${reason}`);
      } finally {
        deadline.clear();
      }
    },
  });
}

function requirePg(name: string): void {
  try {
    require.resolve('pg');
  } catch (error) {
    throw new Error(`${name}: it needs the package pg: npm install pg`, { cause: error });
  }
}

const databaseErrorSchema = z.object({
  severity: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  position: z.string().optional(),
});
const QUERY_CANCELED = '57014';

/** What the server says of the statement, which is the model's own; of anything else only that it went wrong. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof DatabaseUnusableError) return error.message;
  const { data } = databaseErrorSchema.safeParse(error);
  if (!data) return 'the connection to the database was lost';
  if (data.code === QUERY_CANCELED) return tooLong(timeoutMs);
  const hint = data.hint === undefined ? '' : `; ${data.hint}`;
  return `${data.message}${placeInQuery(data.position)} (SQLSTATE ${data.code})${hint}`;
}

function tooLong(timeoutMs: number): string {
  return `it took longer than ${timeoutMs / 1000} s: narrow it, or let it read fewer rows`;
}
