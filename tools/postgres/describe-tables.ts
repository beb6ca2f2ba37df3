import { z } from 'zod';
import { type ConnectionString, inReadOnlySession } from './session';

/** Options of {@link describeTables}. */
export interface DescribeTablesOptions {
  connectionString: ConnectionString;
  /** Tables and views, such as `orders` or `sales.orders`. */
  tables: readonly string[];
}

const TIMEOUT_MS = 10_000;
const MAX_RECEIVED_BYTES = 1024 * 1024;

/**
 * Columns, types and comments of tables, for `schema` of {@link querySql}: one line a table.
 * @throws Error for a table that the role does not see, and for a database that cannot be connected to.
 * @example
 * const schema = await describeTables({ connectionString, tables: ['orders', 'customers'] });
 */
export async function describeTables({ connectionString, tables }: DescribeTablesOptions): Promise<string> {
  const bounds = { timeoutMs: TIMEOUT_MS, maxReceivedBytes: MAX_RECEIVED_BYTES, signal: new AbortController().signal };
  return inReadOnlySession({ connectionString, ...bounds }, async (client) => {
    const lines: string[] = [];
    for (const table of tables) {
      const { rows } = await client.query(COLUMNS, [table]);
      const columns = z.array(columnSchema).parse(rows);
      if (columns.length === 0) throw new Error(`describeTables: "${table}": there is no such table for this role`);
      lines.push(`${table} (${columns.map(described).join(', ')})`);
    }
    return lines.join('\n');
  });
}

const COLUMNS = `
SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
  col_description(attrelid, attnum) AS comment
FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
  AND has_column_privilege(attrelid, attnum, 'SELECT')
ORDER BY attnum`;

const columnSchema = z.object({
  name: z.string(),
  type: z.string(),
  required: z.boolean(),
  comment: z.string().nullable(),
});

function described({ name, type, required, comment }: z.output<typeof columnSchema>): string {
  return `${name} ${type}${required ? ' not null' : ''}${comment === null ? '' : ` /* ${comment.slice(0, 200)} */`}`;
}
