/** The `code` of a system or library error, or undefined. Structural, since such errors may come from another realm. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage ? String(error.message) : String(error);
}

/** Tells of an error that no client can be told of any more. */
export function reportUnexpected(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : errorMessage(error);
  process.stderr.write(`emulator: unexpected error: ${text}\n`);
}
