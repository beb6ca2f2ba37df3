import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Stack } from './stack';

const createSchema = z.object({
  id: z.string(),
  created_ms: z.number(),
  ends_ms: z.number().nullable(),
  metadata: z.object({ workflow_id: z.string() }),
});

/** A response as the emulator knows it; times in milliseconds since 1970. */
export interface Create {
  id: string;
  chain: string;
  createdMs: number;
  endsMs: number;
}

/** From the end of one response to the create of the next one of its chain. */
export interface Gap {
  chain: string;
  waitedMs: number;
  lostMs: number;
  endedMs: number;
}

/** Every create that the provider accepted, oldest first. */
export async function creates({ provider }: Pick<Stack, 'provider'>): Promise<Create[]> {
  const answer = await fetch(new URL('/emulator/creates', provider));
  const { data } = z.object({ data: z.array(createSchema) }).parse(await answer.json());
  return data.map(({ id, created_ms: createdMs, ends_ms: endsMs, metadata }) => ({
    id,
    chain: metadata.workflow_id,
    createdMs,
    endsMs: endsMs ?? Infinity,
  }));
}

/** The gaps between the responses of each chain. With `now`, also those that are still open, as long as they are now. */
export function gapsOf(all: readonly Create[], now?: number): Gap[] {
  const last = new Map<string, Create>();
  const gaps: Gap[] = [];
  for (const create of all.toSorted((a, b) => a.createdMs - b.createdMs)) {
    const { chain, createdMs } = create;
    const before = last.get(chain);
    last.set(chain, create);
    if (!before) continue;
    gaps.push(gapOf(before, createdMs));
  }
  const open = now === undefined ? [] : [...last.values()].filter(({ endsMs }) => endsMs < now);
  return [...gaps, ...open.map((create) => gapOf(create, now ?? NaN))];
}

function gapOf({ chain, createdMs, endsMs }: Create, nextMs: number): Gap {
  return { chain, waitedMs: endsMs - createdMs, lostMs: nextMs - endsMs, endedMs: endsMs };
}

/** Waits until a condition holds. @throws with its name when it does not within the time. */
export async function until(what: string, look: () => Promise<boolean>, { withinMs = 600_000, everyMs = 250 } = {}) {
  const giveUpAt = Date.now() + withinMs;
  while (!(await look())) {
    if (Date.now() > giveUpAt) throw new Error(`did not happen within ${withinMs / 1000} s: ${what}`);
    await sleep(everyMs);
  }
}
