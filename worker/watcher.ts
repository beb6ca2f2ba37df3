import { type PendingWait } from '../activities';
import { type AwaitResponseInput } from '../contract/activities';
import { isRetryable } from '../contract/failures';
import { type Collected } from '../contract/outcome';
import { ProviderError } from '../openai';
import { LookQueue } from './look-queue';

const MIN_DELAY_MS = 750;
const MAX_DELAY_MS = 30_000;
/**
 * A response is looked at again after an eighth of the time waited, so that half of that is lost on average. A tenth
 * would ask more often than a loop that polls every two seconds for responses of up to a minute.
 */
const SHARE_OF_WAIT = 0.125;
/** First looks are spread over so long: responses that were created together then keep their distance. */
const SPREAD_MS = MIN_DELAY_MS;
/** A rate limit that does not say for how long. */
const RATE_LIMIT_PAUSE_MS = 1_000;

/** What the watcher needs: a look at a response, and a way to end the wait for it. */
export interface WatcherDeps {
  look(input: AwaitResponseInput): Promise<Collected | undefined>;
  /** Completes the waiting activity by its id; one that no longer waits is not an error. */
  complete(wait: PendingWait, collected: Collected): Promise<void>;
  /** Told about a look or a completion that failed; the wait's fallback takes over. */
  onError(wait: PendingWait, error: unknown): void;
  /** Told that the worker is overrun, and that this wait is left to its fallback. */
  onShed?(wait: PendingWait): void;
  /** From 0 to 1: where in the time over which first looks are spread one comes. Default random. */
  spread?: () => number;
}

/** An announcer that polls, with a map in memory. What dies with the worker comes back with the fallback of its wait. */
export interface Watcher {
  /**
   * Polls the response until it has ended, the wait's deadline has passed, or the process ends; first after `leastMs`,
   * where the provider asks for that.
   */
  watch(wait: PendingWait, leastMs?: number): void;
  /** True for a response that is being watched. */
  watches(responseId: string): boolean;
  /** Responses that are being watched. */
  readonly size: number;
  /** Ends every watch; waits already handed over go on by their fallback. */
  stop(): void;
}

/** Starts a watcher. Its timers do not keep the process alive. */
export function createWatcher(deps: WatcherDeps): Watcher {
  const timers = new Map<string, NodeJS.Timeout>();
  const looks = new LookQueue();
  const { spread = Math.random } = deps;

  const schedule = (wait: PendingWait, { leastMs = 0, moreMs = 0 } = {}): void => {
    const { responseId, deadlineAt } = wait.input;
    const now = Date.now();
    // At the deadline the wait itself looks and judges; a response that nobody waits for is not watched for ever.
    if (now >= deadlineAt) return void timers.delete(responseId);
    const delay = delayMs(wait.input, now) + moreMs;
    const timer = setTimeout(() => lookSoon(wait), Math.max(leastMs, delay));
    timer.unref();
    timers.set(responseId, timer);
  };

  const lookSoon = (wait: PendingWait): void => {
    if (looks.push(() => lookAgain(wait))) return;
    timers.delete(wait.input.responseId);
    deps.onShed?.(wait);
  };

  const lookAgain = async (wait: PendingWait): Promise<void> => {
    const { responseId } = wait.input;
    if (!timers.has(responseId)) return;
    try {
      const collected = await deps.look(wait.input);
      if (!timers.has(responseId)) return;
      if (!collected) return schedule(wait);
      timers.delete(responseId);
      await deps.complete(wait, collected);
    } catch (error) {
      deps.onError(wait, error);
      if (error instanceof ProviderError && error.type === 'RateLimited') {
        looks.pause(error.retryAfterMs ?? RATE_LIMIT_PAUSE_MS);
      }
      const retried = timers.has(responseId) && error instanceof ProviderError && isRetryable(error.type);
      if (retried) schedule(wait, { leastMs: error.retryAfterMs });
      else timers.delete(responseId);
    }
  };

  return {
    get size() {
      return timers.size;
    },
    watches: (responseId) => timers.has(responseId),
    watch(wait, leastMs) {
      if (!timers.has(wait.input.responseId)) schedule(wait, { leastMs, moreMs: SPREAD_MS * spread() });
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      looks.clear();
    },
  };
}

/** Time until the next look. */
export function delayMs({ createdAt }: Pick<AwaitResponseInput, 'createdAt'>, now: number): number {
  return Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, (now - createdAt) * SHARE_OF_WAIT));
}
