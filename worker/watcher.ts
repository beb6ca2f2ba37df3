import { type PendingWait } from '../activities';
import { type AwaitResponseInput } from '../contract/activities';
import { isRetryable } from '../contract/failures';
import { type Collected } from '../contract/outcome';
import { ProviderError } from '../openai';

const MIN_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** A response is looked at again after a tenth of the time waited: the loss is at most a tenth of the wait. */
const SHARE_OF_WAIT = 0.1;

/** What the watcher needs: a look at a response, and a way to end the wait for it. */
export interface WatcherDeps {
  look(input: AwaitResponseInput): Promise<Collected | undefined>;
  /** Completes the waiting activity by its id; one that no longer waits is not an error. */
  complete(wait: PendingWait, collected: Collected): Promise<void>;
  /** Told about a look or a completion that failed; the wait's fallback takes over. */
  onError(wait: PendingWait, error: unknown): void;
}

/** An announcer that polls, with a map in memory. What dies with the worker comes back with the fallback of its wait. */
export interface Watcher {
  /** Polls the response until it has ended, the wait's deadline has passed, or the process ends. */
  watch(wait: PendingWait): void;
  /** Responses that are being watched. */
  readonly size: number;
  /** Ends every watch; waits already handed over go on by their fallback. */
  stop(): void;
}

/** Starts a watcher. Its timers do not keep the process alive. */
export function createWatcher(deps: WatcherDeps): Watcher {
  const timers = new Map<string, NodeJS.Timeout>();

  const schedule = (wait: PendingWait, leastMs = 0): void => {
    const { responseId, deadlineAt } = wait.input;
    const now = Date.now();
    // At the deadline the wait itself looks and judges; a response that nobody waits for is not watched for ever.
    if (now >= deadlineAt) return void timers.delete(responseId);
    const timer = setTimeout(() => void lookAgain(wait), Math.max(leastMs, delayMs(wait.input, now)));
    timer.unref();
    timers.set(responseId, timer);
  };

  const lookAgain = async (wait: PendingWait): Promise<void> => {
    const { responseId } = wait.input;
    try {
      const collected = await deps.look(wait.input);
      if (!timers.has(responseId)) return;
      if (!collected) return schedule(wait);
      timers.delete(responseId);
      await deps.complete(wait, collected);
    } catch (error) {
      deps.onError(wait, error);
      const retried = timers.has(responseId) && error instanceof ProviderError && isRetryable(error.type);
      if (retried) schedule(wait, error.retryAfterMs);
      else timers.delete(responseId);
    }
  };

  return {
    get size() {
      return timers.size;
    },
    watch(wait) {
      if (!timers.has(wait.input.responseId)) schedule(wait);
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** Time until the next look. */
export function delayMs({ createdAt }: Pick<AwaitResponseInput, 'createdAt'>, now: number): number {
  return Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, (now - createdAt) * SHARE_OF_WAIT));
}
