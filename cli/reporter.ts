import { type HeldBack, heldBackText } from '../client';
import { type StepProgress } from '../contract/progress';
import { LiveRegion } from './live-region';
import { note, noteStyle, sizeOf } from './terminal';
import { truncate } from './text/width';
import { changeLine, progressLines, type Snapshot, totalsText } from './views/progress';

/** Shows what happens in a run, on standard error. */
export interface Reporter {
  progress(snapshot: Snapshot): void;
  /** Something that stays to be read. */
  warn(text: string): void;
  /** What is wrong at the moment; an empty list when nothing is any more. */
  trouble(texts: readonly string[]): void;
  /** What the provider asks patience of at the moment: no trouble. */
  heldBack(held: readonly HeldBack[]): void;
  /** Ends the showing; what was shown last stays. */
  close(): void;
}

/** In place on a terminal, else one line for each change. */
export function createReporter(): Reporter {
  return process.stderr.isTTY ? new ScreenReporter() : new LineReporter();
}

/** The terminal may be redrawn so often; only seconds that pass change it between two events. */
const TICK_MS = 500;
/** A rate limit holds back every step at once. */
const MOST_HELD = 3;
/** Each try of what fails again and again has another one. */
const REQUEST_ID = /\breq_\w+/g;

class ScreenReporter implements Reporter {
  private readonly region = new LiveRegion(process.stderr);
  private readonly draw = (): void => this.region.draw(this.lines());
  private readonly timer = setInterval(this.draw, TICK_MS);
  private snapshot: Snapshot | undefined;
  private troubles: readonly string[] = [];
  private held: readonly HeldBack[] = [];

  constructor() {
    process.stderr.on('resize', this.draw);
  }

  progress(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.draw();
  }

  warn(text: string): void {
    this.region.print([noteStyle()('warn', `! ${text}`)]);
  }

  trouble(texts: readonly string[]): void {
    this.troubles = texts;
    this.draw();
  }

  heldBack(held: readonly HeldBack[]): void {
    this.held = held.slice(0, MOST_HELD);
    this.draw();
  }

  close(): void {
    clearInterval(this.timer);
    process.stderr.off('resize', this.draw);
    this.draw();
    this.region.leave();
  }

  private lines(): string[] {
    const size = sizeOf(process.stderr);
    // The last column stays free: a terminal that has just filled it is between two rows.
    const drawing = {
      width: size.width - 1,
      height: size.height - this.troubles.length - this.held.length,
      style: noteStyle(),
      now: Date.now(),
    };
    return [
      ...(this.snapshot === undefined ? [] : progressLines(this.snapshot, drawing)),
      ...this.held.map((held) =>
        drawing.style('quiet', truncate(`· ${heldBackText(held, drawing.now)}`, drawing.width)),
      ),
      ...this.troubles.map((text) => drawing.style('warn', truncate(`! ${text}`, drawing.width))),
    ];
  }
}

class LineReporter implements Reporter {
  private readonly before = new Map<string, StepProgress>();
  private readonly said = new Set<string>();
  private held = new Set<string>();
  private last: Snapshot | undefined;

  progress(snapshot: Snapshot): void {
    this.last = snapshot;
    for (const step of snapshot.steps) {
      const line = changeLine(step, this.before.get(step.id));
      this.before.set(step.id, step);
      if (line !== undefined) note(line);
    }
  }

  warn(text: string): void {
    note(`warning: ${text}`);
  }

  trouble(texts: readonly string[]): void {
    for (const text of texts) {
      const same = text.replaceAll(REQUEST_ID, '');
      if (!this.said.has(same)) note(`warning: ${text}`);
      this.said.add(same);
    }
  }

  heldBack(held: readonly HeldBack[]): void {
    const now = new Set(held.map(({ stepId, by }) => `${stepId} ${by}`));
    for (const one of held) {
      if (!this.held.has(`${one.stepId} ${one.by}`)) note(heldBackText(one, Date.now()));
    }
    this.held = now;
  }

  close(): void {
    if (this.last !== undefined) note(totalsText(this.last, Date.now()));
  }
}
