/**
 * Message of anything thrown. Errors are known by their shape: where modules run in a realm of their own (a test runner,
 * a sandbox), those of Node's core are no instances of the realm's `Error`.
 */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}

/** The code that Node gives its system errors (`ENOENT`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Message of what lies at the bottom of an error: `fetch` says no more than that it failed, and its cause why. */
export function rootMessageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'cause' in error && error.cause) return rootMessageOf(error.cause);
  return messageOf(error);
}
