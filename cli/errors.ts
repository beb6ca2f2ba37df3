import { EXIT } from './exit-codes';

/** Wrong use of the command: arguments, files or settings that must change first. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The user has had enough; the message says what goes on without them, and how to come back. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Errors of other rooms that mean the same as a {@link UsageError}. By name: that survives two copies of a package. */
const USAGE_ERRORS = new Set([
  'UsageError',
  'InvalidInputError',
  'ConfigurationError',
  'NotAHistoryError',
  'DecryptionError',
  'RunConflictError',
  'RunNotFoundError',
  'SettingsConflictError',
  'SettingsError',
  'UpdateRefusedError',
]);

/** What a user is told about an error, and what the process ends with. */
export function explain(error: unknown, debug: boolean): { text: string; exitCode: number } {
  const name = error instanceof Error ? error.name : '';
  const exitCode = USAGE_ERRORS.has(name) ? EXIT.usage : name === 'InterruptedError' ? EXIT.interrupted : EXIT.failed;
  return { text: debug ? stackOf(error) : messageOf(error), exitCode };
}

/** Whether stack traces are wanted: `--verbose`, or `DEBUG=durable-research`. */
export function wantsStacks(env: NodeJS.ProcessEnv, verbose: boolean): boolean {
  return verbose || (env['DEBUG'] ?? '').split(/[\s,]+/).some((name) => name === 'durable-research' || name === '*');
}

/** Message of anything thrown. By its shape: an error of another realm is no instance of this one's `Error`. */
export function messageOf(error: unknown): string {
  const isError = typeof error === 'object' && error !== null && 'message' in error;
  return isError && typeof error.message === 'string' && error.message !== '' ? error.message : String(error);
}

/** The code that Node gives its system errors (`ENOENT`); undefined for others. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by: ${stackOf(error.cause)}`;
}
