import { CancellationScope, CancelledFailure, condition, patched, sleep, workflowInfo } from '@temporalio/workflow';

/**
 * Most bytes of one activity's input. Temporal ends a run that schedules more than 2 MiB at once; what encryption adds
 * must fit too.
 */
export const MAX_INPUT_BYTES = 1_900_000;

/**
 * Most bytes of inputs that one workflow task schedules. Its completion is one message of at most 4 MB, which would
 * otherwise be refused again and again; a single input may be larger than this and is then alone in its task.
 */
const MAX_TASK_BYTES = 1_000_000;

const PATCH = '0.2.0 bounds the bytes that a workflow task schedules';

/** Lets activities through to their scheduling, as many bytes a workflow task as its completion can carry. */
export class CommandGate {
  private task = 0;
  private bytes = 0;
  private nextTask: Promise<void> | undefined;
  private closed = false;

  /** The run is about to go on in a new execution, which sends the creates that wait. */
  close(): void {
    this.closed = true;
  }

  open(): void {
    this.closed = false;
  }

  /**
   * Whether an activity with so many bytes of input may be scheduled in this workflow task; it then counts. Not async:
   * a run that stays below the bound schedules everything when it always did.
   */
  admits(bytes: number): boolean {
    const { historyLength } = workflowInfo();
    if (historyLength !== this.task) {
      this.task = historyLength;
      this.bytes = 0;
    }
    // Asked at the bound only: all other runs get no marker, and old histories above it keep what they did.
    if (this.bytes > 0 && this.bytes + bytes > MAX_TASK_BYTES && patched(PATCH)) return false;
    this.bytes += bytes;
    return true;
  }

  /** The same for a create, which does not pass while the gate is closed. */
  admitsCreate(bytes: number): boolean {
    return !this.closed && this.admits(bytes);
  }

  /** Waits for another workflow task. */
  async wait(): Promise<void> {
    // Shared by all that wait, so no cancel of one of them may end it.
    this.nextTask ??= CancellationScope.nonCancellable(() => sleep(PAUSE, { summary: 'room for more' })).finally(() => {
      this.nextTask = undefined;
    });
    await this.nextTask;
    if (CancellationScope.current().consideredCancelled)
      throw new CancelledFailure('cancelled before it was scheduled');
  }

  /** The same for a create: while the gate is closed, until it opens. */
  async waitForCreate(): Promise<void> {
    return this.closed ? condition(() => !this.closed) : this.wait();
  }
}

/** A timer that fires makes a workflow task. */
const PAUSE = '10ms';
