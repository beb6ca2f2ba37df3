import { seededBetween } from '../ids';

/** Ranges in seconds at speed 1, as measured on the real API's background mode. */
const QUEUE_SECONDS = [0.2, 1] as const;
const RUN_SECONDS = { simple: [14, 50], reasoning: [14, 18], tools: [4, 6] } as const;
const REASONING_TOKENS = [243, 273] as const;

/** What decides how long a response takes: whether it calls tools, else whether it reasons. */
export type Pace = keyof typeof RUN_SECONDS;

/** When a response leaves the queue and when it ends, in milliseconds since the epoch. */
export interface Schedule {
  readonly createdAt: number;
  readonly startsAt: number;
  readonly endsAt: number;
}

/**
 * Fixes a response's life when it is created. `seconds` (at speed 1) replaces the measured duration, queue included;
 * otherwise durations are drawn from the measured ranges by the response's id.
 */
export function planSchedule(options: {
  id: string;
  now: number;
  speed: number;
  pace: Pace;
  background: boolean;
  seconds?: number | undefined;
}): Schedule {
  const { id, now, speed, pace, seconds } = options;
  const queue = options.background ? seededBetween(id, 'queue', QUEUE_SECONDS) : 0;
  const total = seconds ?? queue + seededBetween(id, 'run', RUN_SECONDS[pace]);
  const toMs = (value: number): number => now + Math.round((value * 1000) / speed);
  return { createdAt: now, startsAt: toMs(Math.min(queue, total / 2)), endsAt: toMs(total) };
}

/** How many reasoning tokens a reasoning response reports. */
export function reasoningTokens(id: string): number {
  return Math.round(seededBetween(id, 'reasoning', REASONING_TOKENS));
}
