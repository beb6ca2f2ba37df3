import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf, messageOf } from './errors';

const VERSION_TIMEOUT_MS = 15_000;
const VERSION_LINE = /^temporal version \S+/m;

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch (error) {
    if (codeOf(error) !== undefined) return false;
    throw error;
  }
}

/** Path of a command on the PATH of `env`; undefined when there is none. */
export function findOnPath(command: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((directory) => path.isAbsolute(directory))
    .map((directory) => path.join(directory, command))
    .find(isExecutable);
}

/** Throws, saying why, unless the file is a Temporal CLI that runs on this machine. Returns what it says of itself. */
export async function checkTemporalCli(file: string): Promise<string> {
  if (!isExecutable(file)) throw new Error(`${file} is not there or may not be executed`);
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)(file, ['--version'], {
      timeout: VERSION_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    }));
  } catch (error) {
    const reason = messageOf(error).split('\n')[0];
    throw new Error(`\`${file} --version\` did not work: ${reason}`, { cause: error });
  }
  const version = VERSION_LINE.exec(stdout)?.[0];
  if (!version) throw new Error(`\`${file} --version\` did not answer as the Temporal CLI does`);
  return version;
}
