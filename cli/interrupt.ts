import { EXIT } from './exit-codes';
import { InterruptedError } from './errors';

/**
 * Runs work that Ctrl-C ends with a message: what was begun goes on without this process. A second Ctrl-C ends the
 * process at once.
 */
export class Interrupt {
  private readonly controller = new AbortController();
  /** What the user is told; it changes as the command gets on. */
  message = 'Stopped before anything was started.';

  private readonly onSignal = (): void => {
    if (this.controller.signal.aborted) process.exit(EXIT.interrupted);
    this.controller.abort();
  };

  constructor() {
    process.on('SIGINT', this.onSignal);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /**
   * The work's outcome, unless Ctrl-C comes first.
   * @throws InterruptedError with the message of that moment.
   */
  async race<T>(work: Promise<T>): Promise<T> {
    const stopped = new Promise<never>((_, reject) => {
      const onAbort = (): void => reject(new InterruptedError(this.message));
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener('abort', onAbort, { once: true });
    });
    return Promise.race([work, stopped]);
  }

  /** Ctrl-C ends the process again as it does by default. */
  release(): void {
    process.off('SIGINT', this.onSignal);
  }
}
