import type { Clock } from '../clock';

/** Sleeps until an instant of the clock, or until something is expected earlier. For one sleeper. */
export class Alarm {
  private nap = new AbortController();
  private wakesAt = Infinity;

  constructor(private readonly clock: Clock) {}

  /** To be called before looking for work: what is announced from here on ends the next sleep at once. */
  reset(): void {
    this.nap = new AbortController();
    this.wakesAt = Infinity;
  }

  /** Something is due at an instant (milliseconds). */
  expect(at: number): void {
    if (at < this.wakesAt) this.ring();
  }

  ring(): void {
    this.nap.abort();
  }

  /** Resolves at an instant (milliseconds), which may be `Infinity`, or when the alarm rings. */
  async sleepUntil(at: number): Promise<void> {
    this.wakesAt = at;
    const { signal } = this.nap;
    try {
      await this.clock.until(at, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
