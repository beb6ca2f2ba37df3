import type { Deps } from '../deps';
import { errorMessage } from '../error-code';
import { del, type Change } from '../state';
import { expiryKey, expiryTime, isExpired, removalOf } from './retention';

/** Expired responses are hidden at once; their bytes go within this time. */
const SWEEP_EVERY_MS = 60_000;
/** Freeing the space of what was removed rewrites files, so it is not done at every sweep. */
const COMPACT_EVERY_MS = 600_000;
const BATCH = 500;

/** Removes what has expired, now and as time passes, until `signal` aborts. A sweep that fails is told and repeated. */
export async function keepSweeping(deps: Deps, signal: AbortSignal): Promise<void> {
  let compactAt = -Infinity;
  let removed = 0;
  while (!signal.aborted) {
    let wakeAt = deps.clock.now() + SWEEP_EVERY_MS;
    try {
      const count = await sweep(deps);
      removed += count;
      if (removed > 0 && deps.clock.now() >= compactAt) {
        await deps.store.compact();
        compactAt = deps.clock.now() + COMPACT_EVERY_MS;
        removed = 0;
      }
      wakeAt = count === BATCH ? 0 : Math.min(wakeAt, await nextExpiry(deps));
    } catch (error) {
      process.stderr.write(`emulator: expired responses could not be removed: ${errorMessage(error)}\n`);
    }
    await sleepUntil(deps, wakeAt, signal);
  }
}

/** Removes one batch of expired responses. Returns how many index rows it took. */
async function sweep({ store, clock }: Deps): Promise<number> {
  return store.exclusive(async () => {
    const now = clock.now();
    const { expiries, responses } = store.tables;
    const due = await expiries.iterator({ lt: expiryKey(now + 1, ''), limit: BATCH }).all();
    const changes: Change[] = [];
    for (const [key, id] of due) {
      const record = await responses.get(id);
      changes.push(del(expiries, key));
      if (record !== undefined && isExpired(record, now)) changes.push(...(await removalOf(store, record)));
    }
    if (changes.length > 0) await store.write(changes);
    return due.length;
  });
}

async function nextExpiry({ store, clock }: Deps): Promise<number> {
  const [next] = await store.tables.expiries.keys({ gte: expiryKey(clock.now() + 1, ''), limit: 1 }).all();
  return next === undefined ? Infinity : expiryTime(next);
}

async function sleepUntil({ clock }: Deps, at: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.until(at, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
