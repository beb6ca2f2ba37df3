import { z } from 'zod';
import { badRequest } from './errors';

const INTEGER = /^-?\d{1,15}$/;

/** An integer of a query, which holds text alone; anything else is left to the schema to refuse. */
export function queryInteger<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (typeof value === 'string' && INTEGER.test(value) ? Number(value) : value), schema);
}

/** The paging parameters that every list takes. */
export const pageQuery = z.object({
  limit: queryInteger(z.number().int().min(1).max(100)).default(20),
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().optional(),
  before: z.string().optional(),
});

/** A list object of the API. */
export interface Page<T> {
  readonly object: 'list';
  readonly data: T[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** One page of rows that come oldest first. Throws a 400 for a cursor that names no row. */
export function pageOf<T extends { id: string }>(rows: readonly T[], query: z.output<typeof pageQuery>): Page<T> {
  const ordered = query.order === 'asc' ? rows : rows.toReversed();
  const from = query.after === undefined ? 0 : indexOf(ordered, query.after, 'after') + 1;
  const to = query.before === undefined ? ordered.length : indexOf(ordered, query.before, 'before');
  const data = ordered.slice(from, Math.min(to, from + query.limit));
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + data.length < to,
  };
}

function indexOf(rows: readonly { id: string }[], id: string, param: string): number {
  const index = rows.findIndex((row) => row.id === id);
  if (index < 0) throw badRequest(`Item with id '${id}' not found.`, param, 'invalid_value');
  return index;
}
