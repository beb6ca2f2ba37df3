import { reportUnexpected } from '../error-code';

/** Work of responses that goes on after they were accepted, in this process. What has to outlive it is in the store. */
export class Jobs {
  private readonly running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();

  /** Starts the work of a response. Its failure is reported and ends nothing else. */
  start(id: string, work: (signal: AbortSignal) => Promise<void>): void {
    const abort = new AbortController();
    const done = work(abort.signal)
      .catch(reportUnexpected)
      .finally(() => this.running.delete(id));
    this.running.set(id, { abort, done });
  }

  /** Aborts the work of a response, where there is any. */
  stop(id: string): void {
    this.running.get(id)?.abort.abort();
  }

  /** Resolves when no work of a response is going on any more. */
  async ended(id: string): Promise<void> {
    await this.running.get(id)?.done;
  }

  /** Aborts all work and waits for its end. */
  async close(): Promise<void> {
    const all = [...this.running.values()];
    for (const { abort } of all) abort.abort();
    await Promise.all(all.map(({ done }) => done));
  }
}
