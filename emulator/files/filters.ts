import { z } from 'zod';
import type { VectorStoreFileRecord } from './record';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const comparison = z.strictObject({
  type: z.enum(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin']),
  key: z.string(),
  value: z.union([scalar, z.array(scalar)]),
});
type Comparison = z.output<typeof comparison>;

/** A condition on a file's attributes, as `file_search` and vector store searches take it. */
export type Filter = Comparison | { readonly type: 'and' | 'or'; readonly filters: readonly Filter[] };

export const filterSchema: z.ZodType<Filter> = z.lazy(() =>
  z.discriminatedUnion('type', [
    comparison,
    z.strictObject({ type: z.enum(['and', 'or']), filters: z.array(filterSchema).min(1) }),
  ]),
);

/** Whether a file's attributes meet a condition; a missing attribute meets none but `ne` and `nin`. */
export function matchesFilter(filter: Filter, attributes: VectorStoreFileRecord['attributes']): boolean {
  if ('filters' in filter) {
    const met = filter.filters.map((part) => matchesFilter(part, attributes));
    return filter.type === 'and' ? !met.includes(false) : met.includes(true);
  }
  return compare(filter, attributes[filter.key]);
}

function compare({ type, value }: Comparison, actual: string | number | boolean | undefined): boolean {
  const isAmong = actual !== undefined && [value].flat().includes(actual);
  if (type === 'ne' || type === 'nin') return !isAmong;
  if (type === 'eq' || type === 'in') return isAmong;
  if (actual === undefined || typeof actual !== typeof value || Array.isArray(value)) return false;
  const holds = { gt: actual > value, gte: actual >= value, lt: actual < value, lte: actual <= value };
  return holds[type];
}
