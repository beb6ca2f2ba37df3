import { type WriteStream } from 'node:tty';
import { widthOf } from './text/width';

/** What is needed of a terminal. */
export type Terminal = Pick<WriteStream, 'write' | 'columns' | 'rows'>;

/** Lines at the bottom of a terminal that are drawn again in place. Expects lines no wider than the terminal. */
export class LiveRegion {
  private drawn: readonly string[] = [];
  private content = '';

  constructor(private readonly terminal: Terminal) {}

  /** Replaces the region. Nothing is written where nothing changed. */
  draw(lines: readonly string[]): void {
    const content = lines.join('\n');
    if (content === this.content && this.terminal.columns === this.columns) return;
    this.terminal.write(`${this.home()}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
    this.remember(lines);
  }

  /** Writes lines that stay, above the region. */
  print(lines: readonly string[]): void {
    const kept = this.drawn;
    const all = [...lines, ...kept];
    this.terminal.write(`${this.home()}${all.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
    this.remember(kept);
  }

  /** Removes the region. */
  clear(): void {
    if (this.drawn.length > 0) this.terminal.write(`${this.home()}${CLEAR_BELOW}`);
    this.remember([]);
  }

  /** Leaves the region as it is, to be written below. */
  leave(): void {
    this.remember([]);
  }

  private columns: number | undefined;

  private remember(lines: readonly string[]): void {
    this.drawn = lines;
    this.content = lines.join('\n');
    this.columns = this.terminal.columns;
  }

  /** Back to the region's first row. A terminal that was made narrower has broken its lines into more rows. */
  private home(): string {
    const columns = this.terminal.columns || Number.POSITIVE_INFINITY;
    const rows = this.drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    // Rows that have left the screen at its top cannot be reached any more.
    const reachable = Math.min(rows, (this.terminal.rows || rows + 1) - 1);
    return reachable > 0 ? `\u001B[${reachable}A\r` : '\r';
  }
}

const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';
