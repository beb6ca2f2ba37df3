const MINUTE_MS = 60_000;
/** Refilling is a division, and what is refilled exactly now must count. */
const ROUNDING = 1e-6;

/** How much of a limit is in use, as of an instant in milliseconds. It is given back evenly, the limit in a minute. */
export interface Bucket {
  readonly used: number;
  readonly at: number;
}

/** What is still in use at a later instant. */
export function usedAt(bucket: Bucket | undefined, limit: number, now: number): number {
  if (bucket === undefined) return 0;
  return Math.max(0, bucket.used - ((now - bucket.at) * limit) / MINUTE_MS);
}

/** Milliseconds until `amount` fits beside what is in use; 0 where it fits now. `amount` may not exceed the limit. */
export function waitFor(amount: number, { used, limit }: { used: number; limit: number }): number {
  const over = used + amount - limit;
  return over <= ROUNDING ? 0 : (over / limit) * MINUTE_MS;
}

/** Milliseconds until nothing is in use. */
export function resetIn({ used, limit }: { used: number; limit: number }): number {
  return (used / limit) * MINUTE_MS;
}
