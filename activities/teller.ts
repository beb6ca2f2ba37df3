import { type AwaitResponseInput } from '../contract/activities';
import { doingText, NOTHING_SEEN, see, type StreamEvent } from '../openai';

/** Each one is a few events of the run's history. */
const MOST_TOLD = 20;
const MIN_INTERVAL_MS = 3_000;
/** Time between two grows with the time waited, so that the few there are last for hours. */
const SHARE_OF_WAIT = 0.5;
/** A stream begins with a burst of events; the first of them say little. */
const FIRST_AFTER_MS = 300;

/** What is told: one line, and the number of the event after which it holds. */
export type Told = { doing: string; sequence: number };

/**
 * Turns the events of one stream into few lines for a person: only what changed, not more often than every few seconds,
 * at most twenty. Its timer does not keep the process alive.
 */
export class Teller {
  private seen = NOTHING_SEEN;
  private sequence = 0;
  private last: string | undefined;
  private told = 0;
  private nextAt: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly input: Pick<AwaitResponseInput, 'createdAt'>,
    private readonly tell: (told: Told) => void,
  ) {
    this.nextAt = Date.now() + FIRST_AFTER_MS;
  }

  sees(event: StreamEvent): void {
    this.seen = see(this.seen, event);
    this.sequence = event.sequence_number ?? this.sequence;
    if (this.timer || this.told >= MOST_TOLD || !this.isNews()) return;
    this.timer = setTimeout(() => this.tellNow(), Math.max(0, this.nextAt - Date.now())).unref();
  }

  /** Nothing is told any more. */
  stop(): void {
    clearTimeout(this.timer);
    this.told = MOST_TOLD;
  }

  private isNews(): boolean {
    const doing = doingText(this.seen);
    return doing !== undefined && doing !== this.last;
  }

  private tellNow(): void {
    this.timer = undefined;
    const doing = doingText(this.seen);
    if (doing === undefined || doing === this.last) return;
    const now = Date.now();
    this.last = doing;
    this.told += 1;
    this.nextAt = now + Math.max(MIN_INTERVAL_MS, (now - this.input.createdAt) * SHARE_OF_WAIT);
    this.tell({ doing, sequence: this.sequence });
  }
}
