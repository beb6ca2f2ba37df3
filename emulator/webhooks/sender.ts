import { setMaxListeners } from 'node:events';
import type { Deps } from '../deps';
import { errorMessage } from '../error-code';
import type { Change } from '../state';
import { Alarm } from './alarm';
import { announceEndings } from './announce';
import { attemptDelivery } from './deliver';
import { endingTime, parseDueKey } from './due';
import { listEndpoints } from './endpoints';
import { Lane } from './lane';

/** Attempts under way at one endpoint. */
const AT_ONCE = 8;

/**
 * Sends webhooks: one loop turns ends that have come into deliveries, and each endpoint has a loop that sends them.
 * All of it is rows with the time at which they are due, so that a new process goes on where a killed one stopped.
 */
export class WebhookSender {
  private readonly lanes = new Map<string, Lane>();
  private readonly alarm: Alarm;
  private readonly closing = new AbortController();
  private stopping = false;
  private ended: Promise<void> = Promise.resolve();

  constructor(private readonly deps: Deps) {
    this.alarm = new Alarm(deps.clock);
    // Every attempt under way listens.
    setMaxListeners(0, this.closing.signal);
  }

  /** Sends what is due already, and from now on what becomes due. */
  start(): void {
    this.deps.store.onWrite((changes) => this.notice(changes));
    this.ended = this.run();
  }

  /** Cuts attempts that are under way: they are made again after the next start. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.alarm.ring();
    await this.ended;
    // Lanes first: one that still ran would make the attempts that are cut off again at once.
    const lanes = [...this.lanes.values()].map((lane) => lane.stop());
    this.closing.abort();
    await Promise.all(lanes);
  }

  private async run(): Promise<void> {
    try {
      // Deliveries to endpoints that the options do not name any more wait until they do.
      for (const { id } of await listEndpoints(this.deps)) this.lane(id);
      while (!this.stopping) {
        this.alarm.reset();
        await this.alarm.sleepUntil(await announceEndings(this.deps));
      }
    } catch (error) {
      process.stderr.write(`emulator: webhooks stand still until the next start: ${errorMessage(error)}\n`);
    }
  }

  private notice(changes: readonly Change[]): void {
    const { endings, webhooksDue, webhookEndpoints } = this.deps.store.tables;
    for (const { type, sublevel, key } of changes) {
      if (sublevel === endings && type === 'put') this.alarm.expect(endingTime(key));
      if (sublevel === webhooksDue && type === 'put') this.expect(key);
      if (sublevel === webhookEndpoints && type === 'del') void this.lanes.get(key)?.stop();
    }
  }

  private expect(key: string): void {
    const { endpointId, at } = parseDueKey(key);
    this.lane(endpointId).expect(at);
  }

  private lane(endpointId: string): Lane {
    const open = this.lanes.get(endpointId);
    if (open !== undefined) return open;
    const { signal } = this.closing;
    const work = (dueRow: string, key: string): Promise<void> => attemptDelivery(this.deps, { key, dueRow, signal });
    const lane = new Lane(this.deps, { endpointId, atOnce: AT_ONCE, work });
    this.lanes.set(endpointId, lane);
    return lane;
  }
}
