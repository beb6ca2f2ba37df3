import { basename } from 'node:path';

const NAME = 'durable-research';

/**
 * What to type for a command of this program, the way it was started itself: by name where it is installed, else through
 * npx, which finds it in a clone and in a project's dependencies.
 */
export function invocationOf(command: string, argv: readonly string[], env: NodeJS.ProcessEnv): string {
  const byName = basename(argv[1] ?? '') === NAME && env['npm_command'] === undefined;
  return `${byName ? NAME : `npx ${NAME}`} ${command}`;
}

/** {@link invocationOf} for the way in which this process was started. */
export function invocation(command: string): string {
  return invocationOf(command, process.argv, process.env);
}
