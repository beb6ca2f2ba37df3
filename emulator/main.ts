#!/usr/bin/env node
import { errorMessage } from './error-code';
import { EMULATOR_NAME } from './identity';
import { emulatorFlagsHelp, parseEmulatorFlags, startEmulator } from './index';

/** Runs the emulator as a process of its own until a signal, or until the process that started it is gone. */
async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${emulatorFlagsHelp}\n`);
    return;
  }
  const options = parseEmulatorFlags(process.argv.slice(2));
  const emulator = await startEmulator(options);
  const { url, port, instanceId } = emulator;
  process.stdout.write(`${JSON.stringify({ ready: true, url, port, instanceId })}\n`);
  process.stderr.write(`emulator: ${EMULATOR_NAME} at ${url}, speed ${options.speed}, data in ${options.dataDir}\n`);

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    emulator.close().then(() => process.exit(0), fail);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // With an IPC channel the parent is a supervisor, and nothing may outlive it.
  if (process.send !== undefined) process.once('disconnect', stop);
}

function fail(error: unknown): never {
  process.stderr.write(`emulator: ${errorMessage(error)}\n`);
  process.exit(1);
}

main().catch(fail);
