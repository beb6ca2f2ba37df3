import { setTimeout as delay } from 'node:timers/promises';
import { type PendingWait } from '../activities';
import { MAX_TIMER_MS } from '../contract/duration';
import { isRetryable } from '../contract/failures';
import { isEnd, type Provider, ProviderError } from '../openai';
import { Teller, type Told } from '../activities/teller';

/** Each stream is a connection; beyond so many a worker watches. */
const MOST_STREAMS = 100;
/** How often a stream that broke off is taken up again before its response is watched. */
const MOST_RECONNECTS = 5;
const FIRST_RECONNECT_MS = 250;

/** What the follower needs: streams, and what to do with what they tell. */
export interface FollowerDeps {
  follow: Provider['followResponse'];
  /** Looks, and ends the wait where the response has ended; false where it has not. */
  finish(wait: PendingWait): Promise<boolean>;
  tell(wait: PendingWait, told: Told): Promise<void>;
  /** Takes over a response whose stream cannot be followed. */
  watch(wait: PendingWait): void;
  onError(wait: PendingWait, error: unknown): void;
}

/** An announcer that holds the stream of a response open, for a person who watches. */
export interface Follower {
  /** False where the worker holds too many streams already. */
  follow(wait: PendingWait): boolean;
  /** Streams that are open. */
  readonly size: number;
  /** Closes every stream; the waits go on by their fallback. */
  stop(): void;
}

/** Starts a follower. What dies with the worker comes back with the fallback of its wait. */
export function createFollower(deps: FollowerDeps): Follower {
  const open = new Map<string, AbortController>();

  const run = async (wait: PendingWait, stream: AbortController): Promise<void> => {
    const { responseId, deadlineAt } = wait.input;
    const untilDeadline = Math.min(MAX_TIMER_MS, Math.max(0, deadlineAt - Date.now()));
    const timer = setTimeout(() => stream.abort(), untilDeadline).unref();
    try {
      const ended = (await readToEnd(deps, wait, stream.signal)) && (await deps.finish(wait));
      if (!ended && !stream.signal.aborted) deps.watch(wait);
    } catch (error) {
      if (stream.signal.aborted) return;
      deps.onError(wait, error);
      deps.watch(wait);
    } finally {
      clearTimeout(timer);
      open.delete(responseId);
    }
  };

  return {
    get size() {
      return open.size;
    },
    follow(wait) {
      if (open.has(wait.input.responseId)) return true;
      if (open.size >= MOST_STREAMS) return false;
      const stream = new AbortController();
      open.set(wait.input.responseId, stream);
      void run(wait, stream);
      return true;
    },
    stop() {
      for (const stream of open.values()) stream.abort();
    },
  };
}

/**
 * True when the stream told of the end. One that breaks off is taken up after the last event that came.
 * @throws ProviderError for a stream that cannot be followed.
 */
async function readToEnd(deps: FollowerDeps, wait: PendingWait, signal: AbortSignal): Promise<boolean> {
  const teller = new Teller(wait.input, (told) => {
    deps.tell(wait, told).catch((error: unknown) => deps.onError(wait, error));
  });
  const reading: Stream = { signal, teller };
  try {
    for (let reconnects = 0; reconnects <= MOST_RECONNECTS; reconnects += 1) {
      if (reconnects > 0) await delay(FIRST_RECONNECT_MS * 2 ** reconnects, undefined, { signal, ref: false });
      if (await readStream(deps, wait, reading)) return true;
    }
    return false;
  } finally {
    teller.stop();
  }
}

type Stream = { startingAfter?: number; signal: AbortSignal; teller: Teller };

/** One connection: true when it told of the end, false when it broke off before. */
async function readStream(deps: FollowerDeps, wait: PendingWait, stream: Stream): Promise<boolean> {
  const { startingAfter, signal, teller } = stream;
  try {
    for await (const event of deps.follow(wait.input.responseId, { startingAfter, signal })) {
      stream.startingAfter = event.sequence_number ?? stream.startingAfter;
      if (isEnd(event)) return true;
      teller.sees(event);
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError) || !isRetryable(error.type)) throw error;
    deps.onError(wait, error);
  }
  return false;
}
