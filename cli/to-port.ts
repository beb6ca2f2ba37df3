import { UsageError } from './errors';

/** The value of a `--port`. */
export function toPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--port expects a number from 0 to 65535, but got "${text}"`);
}
