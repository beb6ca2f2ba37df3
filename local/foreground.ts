import path from 'node:path';
import { builtEntries, type Entries } from './entries';
import { findTemporal } from './ladder';
import { LockedError } from './lock';
import { stackOf, type LocalStack } from './running';
import { Supervisor } from './supervisor';

export interface RunForegroundOptions {
  /** Absolute path; see `homeDirectory`. */
  home: string;
  /** Default `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Called with each line of the log: the supervisor's own, and those of the services with their name before them. */
  onLine: (line: string) => void;
  /** Called when everything is up. */
  onReady?: (stack: LocalStack) => void;
  /** Other programs than the package's own, for tests. */
  entries?: Entries;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs the Temporal server, the emulator and the worker in this process's terminal until Ctrl-C (a second one ends
 * everything at once). Other commands of the same home use them as they would use the background's. Throws when the home
 * is in use already, or when something does not start or fails for good; nothing is left running then.
 */
export async function runForeground(options: RunForegroundOptions): Promise<void> {
  const { env = process.env, entries = builtEntries(), onLine } = options;
  const home = path.resolve(options.home);
  const found = await findTemporal({ env, onProgress: onLine });
  const supervisor = new Supervisor({
    home,
    env,
    executable: found.kind === 'executable' ? found.path : undefined,
    entries,
    foreground: true,
    log: onLine,
    onLine: (service, line) => onLine(`[${service}] ${line}`),
    onReady: (state) => {
      const stack = stackOf(home, state);
      if (stack) options.onReady?.(stack);
    },
  });
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1;
    // The watchdogs end the services that are still there.
    if (signals > 1) process.exit(130);
    supervisor.stop(`received ${signal}; once more ends everything at once`);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const end = await supervisor.run();
    if (end.status === 'failed') throw new Error(end.reason);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new Error(
      `The services of ${home} run already (pid ${error.holderPid}). End them with \`durable-research stop\` first.`,
      { cause: error },
    );
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
