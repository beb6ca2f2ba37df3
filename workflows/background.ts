import { type Background } from '../contract/run-record';
import { type Board } from './board';

/** What a run knows of its provider's background mode. Without it a response runs in the foreground, as a stream. */
export class BackgroundKnowledge {
  constructor(
    private mode: Background,
    private readonly board: Board,
    /** Whether an execution before this one has told of it. */
    private warned = false,
  ) {}

  get known(): Background {
    return this.mode;
  }

  /** A background response was waited for. */
  proved(): void {
    if (this.mode === 'unknown') this.mode = 'full';
  }

  /** It was found missing, or is known to be: told once a run. */
  missing(how: string): void {
    this.mode = 'none';
    if (this.warned) return;
    this.warned = true;
    this.board.warn(
      `the provider has no background mode (${how}): steps run as foreground streams, which are not resumable; a worker that dies in one loses what it cost`,
    );
  }
}
