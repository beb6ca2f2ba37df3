/** The longest delay that a timer takes, about 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The emulator's clock: the system's, moved forward as often as somebody asks for it, so that days of retention and
 * retries pass in a moment. Times are milliseconds since the epoch.
 */
export class Clock {
  private readonly sleepers = new Set<() => void>();

  constructor(
    /** How many times faster than the real API everything runs that the emulator itself decides on. */
    readonly speed: number,
    private offset: number,
  ) {}

  now(): number {
    return Date.now() + this.offset;
  }

  /** Milliseconds on this clock of a duration that is stated in seconds at speed 1. */
  scaled(seconds: number): number {
    return (seconds * 1000) / this.speed;
  }

  /** How far it is ahead of the system's, in milliseconds. */
  get aheadBy(): number {
    return this.offset;
  }

  /** Moves the clock forward and wakes everything that waits for an instant. */
  advance(ms: number): void {
    this.offset += ms;
    for (const wake of this.sleepers) wake();
  }

  /** Resolves at the instant, or at once when it has passed; `Infinity` never comes. Rejects when `signal` aborts. */
  async until(at: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.now() < at) await this.sleep(Math.min(at - this.now(), LONGEST_TIMER_MS), signal);
  }

  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.sleepers.delete(wake);
        signal.removeEventListener('abort', abort);
      };
      const wake = (): void => {
        end();
        resolve();
      };
      const abort = (): void => {
        end();
        reject(signal.reason as Error);
      };
      const timer = setTimeout(wake, ms);
      this.sleepers.add(wake);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
