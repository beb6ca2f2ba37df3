import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

const MAX_BYTES = 5_000_000;

/** Moves a log that has grown too large to `<file>.1`, over the one that was there before. */
export function rotateLog(file: string, maxBytes = MAX_BYTES): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxBytes) renameSync(file, `${file}.1`);
}

/** A log file of bounded size: never more than twice `maxBytes` with its predecessor. */
export class LogFile {
  private untilCheck = 0;

  constructor(
    readonly file: string,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  add(line: string): void {
    if (this.untilCheck <= 0) {
      rotateLog(this.file, this.maxBytes);
      this.untilCheck = this.maxBytes / 10;
    }
    appendFileSync(this.file, `${line}\n`, { mode: 0o600 });
    this.untilCheck -= line.length + 1;
  }
}
