import { type Client, type FieldDef } from 'pg';
import { z } from 'zod';

/** What the model is given: rows in the order of the columns. */
export interface QueryResult {
  columns: string[];
  rows: unknown[][];
  /** Why there are more rows than these. */
  truncated?: string;
}

/** Bounds of a result. */
export interface ResultBounds {
  maxRows: number;
  maxBytes: number;
}

const BATCH_ROWS = 50;
const MAX_CELL_CHARS = 5_000;

/** Begins a cursor. `DECLARE` takes one SELECT, VALUES or TABLE, and the server refuses everything else behind it. */
const DECLARE = 'DECLARE result NO SCROLL CURSOR FOR ';

/**
 * The rows of one query, as far as the bounds go. The extended protocol takes a single statement, so that nothing can
 * follow the query.
 */
export async function rowsOf(client: Client, sql: string, { maxRows, maxBytes }: ResultBounds): Promise<QueryResult> {
  // A variable, because the driver's types do not know of the mode.
  const declare = { text: DECLARE + sql, queryMode: 'extended' };
  await client.query(declare);
  const result: QueryResult = { columns: [], rows: [] };
  let bytes = 0;
  for (;;) {
    const wanted = Math.min(BATCH_ROWS, maxRows + 1 - result.rows.length);
    const batch = await client.query({ text: `FETCH ${wanted} FROM result`, rowMode: 'array', types: AS_TEXT });
    result.columns = batch.fields.map(({ name }) => name);
    for (const texts of z.array(z.array(z.string().nullable())).parse(batch.rows)) {
      const row = texts.map((text, index) => valueOf(text, batch.fields[index]));
      bytes += Buffer.byteLength(JSON.stringify(row));
      if (result.rows.length === maxRows) return { ...result, truncated: `only the first ${maxRows} rows are given` };
      if (bytes > maxBytes)
        return { ...result, truncated: `only the first ${result.rows.length} rows, of ${maxBytes} bytes, are given` };
      result.rows.push(row);
    }
    if (batch.rows.length < wanted) return result;
  }
}

/** How the server tells the place of a mistake, counted in what the model wrote. */
export function placeInQuery(position: string | undefined): string {
  const place = Number(position) - DECLARE.length;
  return place > 0 ? ` at character ${place}` : '';
}

const AS_TEXT = { getTypeParser: () => (text: string | Buffer) => text.toString() } as const;

const BOOL = 16;
const JSON_TYPES = [114, 3802];
/** int2, int4, oid, float4, float8: those that a number of JavaScript holds whole. */
const NUMBER_TYPES = [21, 23, 26, 700, 701];

function valueOf(text: string | null, field: FieldDef | undefined): unknown {
  const type = field?.dataTypeID ?? 0;
  if (text === null) return null;
  if (text.length > MAX_CELL_CHARS) return `${text.slice(0, MAX_CELL_CHARS)}… (${text.length} characters)`;
  if (type === BOOL) return text === 't';
  if (JSON_TYPES.includes(type)) return JSON.parse(text);
  // Infinity and NaN have no number in JSON.
  if (NUMBER_TYPES.includes(type) && Number.isFinite(Number(text))) return Number(text);
  return text;
}
