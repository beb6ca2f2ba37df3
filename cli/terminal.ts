import { styleFor, type Style } from './text/style';
import { wrap } from './text/wrap';

/** Columns assumed where the terminal does not tell, or where there is none. */
const DEFAULT_WIDTH = 100;
const DEFAULT_HEIGHT = 24;
const MIN_WIDTH = 20;

/** Writes to standard output, where results go; ends in one line break. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes to standard error, where everything goes that is no result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Style of what is written to standard output. */
export function outStyle(): Style {
  return styleFor(process.stdout, process.env);
}

/** Style of what is written to standard error. */
export function noteStyle(): Style {
  return styleFor(process.stderr, process.env);
}

/** Lines longer than this are hard to read, however wide the terminal is. */
const TEXT_WIDTH = 100;

/** Text broken between words for the terminal that it goes to; unchanged for a file or a pipe. */
export function fitted(text: string, stream: { isTTY?: boolean; columns?: number; rows?: number }): string {
  const { width } = sizeOf(stream);
  return Number.isFinite(width) ? wrap(text, Math.min(width, TEXT_WIDTH)) : text;
}

/** Size of a terminal now; a generous one where the stream is none. */
export function sizeOf(stream: { isTTY?: boolean; columns?: number; rows?: number }): {
  width: number;
  height: number;
} {
  if (!stream.isTTY) return { width: Number.POSITIVE_INFINITY, height: Number.POSITIVE_INFINITY };
  return { width: Math.max(MIN_WIDTH, stream.columns ?? DEFAULT_WIDTH), height: stream.rows ?? DEFAULT_HEIGHT };
}

/** A reader that stops reading (`| head`) is no error. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
}
