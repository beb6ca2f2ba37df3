/** Looks at once: half a millisecond of CPU each, most of their time is the provider's. */
const AT_ONCE = 16;
/** Looks that wait; beyond them the worker is overrun, and the waits' own fallback is the better place. */
const MAX_WAITING = 1_000;

/** Runs looks a few at a time, and none while the provider asks for a pause. Its timers do not keep the process alive. */
export class LookQueue {
  private readonly waiting: (() => Promise<void>)[] = [];
  private running = 0;
  private pausedUntil = 0;
  private resume: NodeJS.Timeout | undefined;

  /** False when too many wait already: the look is not taken. A look must not reject. */
  push(look: () => Promise<void>): boolean {
    if (this.waiting.length >= MAX_WAITING) return false;
    this.waiting.push(look);
    this.pump();
    return true;
  }

  /** Lets no look begin for so long: a rate limit is one for all of them. */
  pause(ms: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, Date.now() + ms);
  }

  /** Forgets what waits. */
  clear(): void {
    this.waiting.length = 0;
    clearTimeout(this.resume);
    this.resume = undefined;
  }

  private pump(): void {
    const pause = this.pausedUntil - Date.now();
    if (pause > 0) {
      if (this.waiting.length > 0) this.resume ??= setTimeout(() => this.afterPause(), pause).unref();
      return;
    }
    while (this.running < AT_ONCE) {
      const look = this.waiting.shift();
      if (!look) return;
      this.running += 1;
      void look().finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }

  private afterPause(): void {
    this.resume = undefined;
    this.pump();
  }
}
