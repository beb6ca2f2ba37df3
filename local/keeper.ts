import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from './errors';
import { describeExit } from './kept-process';
import type { Service } from './service';

/** A service that ran for so long has nothing to do with the failures before it. */
const STEADY_MS = 60_000;
/** With the pauses between them about 13 s, which a port or a file held by somebody else may need to become free. */
const MAX_FAILURES = 6;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Pause before the next start after so many failures in a row. */
export function restartPauseMs(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
}

export interface KeeperOptions<S extends Service> {
  /** For messages: "The worker". */
  name: string;
  /** Must end what it began when the signal aborts. */
  start: (signal: AbortSignal) => Promise<S>;
  log: (message: string) => void;
  /** Called once, when the service has failed too often in a row. */
  onGiveUp: (reason: string) => void;
  /** Pause before the next start after so many failures in a row. Default `restartPauseMs`. */
  pauseMs?: (failures: number) => number;
}

/** Keeps one service running: starts it again when it ends, until it is stopped or fails too often in a row. */
export class Keeper<S extends Service> {
  private readonly abort = new AbortController();
  private readonly options: KeeperOptions<S>;
  private up: Promise<S>;
  private failures = 0;

  /** Starts the service; see `current` for the outcome. */
  constructor(options: KeeperOptions<S>) {
    this.options = options;
    this.up = options.start(this.abort.signal);
    void this.keep();
  }

  /** The running service, if need be after its restart; rejects when it does not start. */
  current(): Promise<S> {
    return this.up;
  }

  /** Ends the service for good, also one that is just starting. */
  async stop(): Promise<void> {
    this.abort.abort();
    const [result] = await Promise.allSettled([this.up]);
    if (result.status === 'fulfilled') await result.value.stop();
  }

  private async keep(): Promise<void> {
    const [first] = await Promise.allSettled([this.up]);
    // Whoever awaits `current` is told of a first start that failed.
    if (first.status === 'rejected') return;
    let service: Service = first.value;
    for (;;) {
      const since = Date.now();
      const exit = await service.exited;
      if (this.abort.signal.aborted) return;
      this.failures = Date.now() - since >= STEADY_MS ? 1 : this.failures + 1;
      const reason = `${this.options.name} ${describeExit(exit)}`;
      this.options.log(`${reason}; starting it again`);
      this.up = this.restart(reason);
      try {
        service = await this.up;
      } catch (error) {
        if (!this.abort.signal.aborted) this.options.onGiveUp(messageOf(error));
        return;
      }
    }
  }

  private async restart(reason: string): Promise<S> {
    const { signal } = this.abort;
    let last = reason;
    while (this.failures <= MAX_FAILURES) {
      await sleep((this.options.pauseMs ?? restartPauseMs)(this.failures), undefined, { signal });
      try {
        return await this.options.start(signal);
      } catch (error) {
        signal.throwIfAborted();
        last = messageOf(error);
        this.failures += 1;
        this.options.log(last);
      }
    }
    throw new Error(`${this.options.name} failed ${this.failures} times in a row. ${last}`);
  }
}
