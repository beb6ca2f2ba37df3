/** An end of a call's time, beside the signal that it was given. */
export interface Deadline {
  /** Aborted when the time is over, and when the given signal is. */
  signal: AbortSignal;
  isOver(): boolean;
  /** Ends the timer. */
  clear(): void;
}

/**
 * Starts a deadline. Not `AbortSignal.any` with `AbortSignal.timeout`: the Node versions that are supported may collect
 * such signals while they are waited for, and then nothing ever ends.
 */
export function startDeadline(ms: number, given: AbortSignal): Deadline {
  const controller = new AbortController();
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    controller.abort();
  }, ms);
  const onAbort = (): void => controller.abort(given.reason);
  if (given.aborted) onAbort();
  else given.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    isOver: () => over,
    clear() {
      clearTimeout(timer);
      given.removeEventListener('abort', onAbort);
    },
  };
}
