import { z } from 'zod';

const count = z.int().min(0).default(0);

/**
 * Tokens of one or more responses. `reasoning` is part of `output`, `cached` and `cacheWrite` are parts of `input`,
 * as in the API's own `usage`.
 */
export const usageSchema = z.object({
  input: count,
  cached: count,
  cacheWrite: count,
  output: count,
  reasoning: count,
});
export type Usage = z.infer<typeof usageSchema>;

export const NO_USAGE: Usage = { input: 0, cached: 0, cacheWrite: 0, output: 0, reasoning: 0 };

/** Sum of two accounts of tokens. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    cached: a.cached + b.cached,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
  };
}

/** Billable calls of hosted tools by their type, for example `{ web_search: 3 }`. */
export const hostedCallsSchema = z.record(z.string(), z.int().min(0));
export type HostedCalls = z.infer<typeof hostedCallsSchema>;
