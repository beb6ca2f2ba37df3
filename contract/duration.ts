import { z } from 'zod';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const PATTERN = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** Longest duration that is accepted: 30 days, the time a provider keeps a response. */
const MAX_DURATION_MS = 30 * UNIT_MS.d;

/** Longest delay of a timer in Node, in milliseconds: one that is longer fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A duration as text: a number and one of `ms`, `s`, `m`, `h`, `d`. Examples: `90s`, `10m`, `1.5h`. */
export const durationSchema = z.string().superRefine((text, ctx) => {
  const ms = durationMs(text);
  if (Number.isNaN(ms)) ctx.addIssue('expected a duration such as "90s", "10m" or "2h"');
  else if (ms <= 0 || ms > MAX_DURATION_MS) ctx.addIssue('expected a duration between 1ms and 30d');
});

/** Milliseconds of a duration text; NaN where it is none. */
export function durationMs(text: string): number {
  const match = PATTERN.exec(text.trim());
  if (!match) return Number.NaN;
  const [, amount = '', unit = 's'] = match;
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
