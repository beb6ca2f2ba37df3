import { z } from 'zod';

/**
 * How large the crash test is, by environment variables: `CRASH_RUNS`, the runs of its largest scenarios (default 200),
 * and `CRASH_SEED`, which decides who is killed when and which faults strike (default: drawn, and printed).
 */
const schema = z.object({
  CRASH_RUNS: z.coerce.number().int().min(20).multipleOf(20).max(2_000).default(200),
  CRASH_SEED: z
    .string()
    .regex(/^[\w-]+$/)
    .default(() => String(Math.floor(Math.random() * 1_000_000))),
});

const sizes = schema.parse(process.env);

export const RUNS = sizes.CRASH_RUNS;
export const SEED = sizes.CRASH_SEED;
