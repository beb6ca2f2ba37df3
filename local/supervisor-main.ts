import { z } from 'zod';
import { entriesSchema } from './entries';
import { messageOf } from './errors';
import { LockedError } from './lock';
import { parseJson } from './json';
import { Supervisor } from './supervisor';

/** What the background supervisor is told on its command line; all else it takes from its environment. */
export const supervisorArgumentSchema = z.object({
  home: z.string().min(1),
  executable: z.string().optional(),
  entries: entriesSchema,
});

function log(message: string): void {
  process.stdout.write(`${new Date().toISOString()} ${message}\n`);
}

async function main(): Promise<void> {
  const argument = parseJson(supervisorArgumentSchema, process.argv[2] ?? '');
  if (!argument) throw new Error('The supervisor is started by the commands of durable-research, not by hand.');
  const { home, executable, entries } = argument;
  const supervisor = new Supervisor({ home, env: process.env, executable, entries, foreground: false, log });
  let signals = 0;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      signals += 1;
      // The watchdogs end the services that are still there.
      if (signals > 1) process.exit(1);
      supervisor.stop(`received ${signal}`);
    });
  }
  const end = await supervisor.run();
  log(`${end.status}: ${end.reason}`);
  process.exitCode = end.status === 'stopped' ? 0 : 1;
}

main().catch((error: unknown) => {
  // Another supervisor has the home: whoever started this one will find that one.
  process.exitCode = error instanceof LockedError ? 0 : 1;
  log(messageOf(error));
});
