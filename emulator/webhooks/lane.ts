import type { Deps } from '../deps';
import { errorMessage } from '../error-code';
import { Alarm } from './alarm';
import { dueAt, parseDueKey } from './due';

/** Sends what is due at one endpoint, a few at a time, so that a slow endpoint holds up nobody but itself. */
export class Lane {
  private readonly busy = new Map<string, Promise<void>>();
  private readonly alarm: Alarm;
  private stopping = false;
  private readonly ended: Promise<void>;

  constructor(
    private readonly deps: Pick<Deps, 'store' | 'clock'>,
    private readonly options: {
      endpointId: string;
      atOnce: number;
      /** Does what is due and removes or moves its row. */
      work: (key: string, value: string) => Promise<void>;
    },
  ) {
    this.alarm = new Alarm(deps.clock);
    this.ended = this.run();
  }

  /** Something is due at an instant (milliseconds). */
  expect(at: number): void {
    this.alarm.expect(at);
  }

  /** Starts nothing any more; resolves when what was started has ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.alarm.ring();
    await this.ended;
  }

  private async run(): Promise<void> {
    try {
      while (!this.stopping) {
        this.alarm.reset();
        await this.alarm.sleepUntil(await this.startDue());
      }
    } catch (error) {
      process.stderr.write(`emulator: webhooks to ${this.options.endpointId} stand still: ${errorMessage(error)}\n`);
    }
    await Promise.all(this.busy.values());
  }

  /** Starts what is due; returns when to look again, `Infinity` where the end of what runs wakes the lane. */
  private async startDue(): Promise<number> {
    const { endpointId, atOnce } = this.options;
    const range = { ...dueAt(endpointId), limit: this.busy.size + atOnce };
    for (const [key, value] of await this.deps.store.tables.webhooksDue.iterator(range).all()) {
      if (this.busy.has(key)) continue;
      if (this.busy.size >= atOnce || this.stopping) return Infinity;
      const { at } = parseDueKey(key);
      if (at > this.deps.clock.now()) return at;
      this.busy.set(key, this.start(key, value));
    }
    return Infinity;
  }

  private async start(key: string, value: string): Promise<void> {
    try {
      await this.options.work(key, value);
      this.busy.delete(key);
    } catch (error) {
      // It stays marked as busy until the next start: trying again at once would only fail again at once.
      process.stderr.write(`emulator: webhook delivery ${value} cannot go on: ${errorMessage(error)}\n`);
    }
    this.alarm.ring();
  }
}
