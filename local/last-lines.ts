/** Keeps the last lines of a log, to be shown in an error. */
export class LastLines {
  private readonly lines: string[] = [];

  constructor(private readonly limit = 20) {}

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > this.limit) this.lines.shift();
  }

  /** The lines, indented; or a remark that there are none. */
  text(): string {
    return this.lines.length === 0 ? '  (it wrote nothing)' : this.lines.map((line) => `  ${line}`).join('\n');
  }
}
