import path from 'node:path';
import { describeExit, startKept } from './kept-process';
import { LastLines } from './last-lines';
import { findOnPath } from './executable';

/**
 * The newest version that `go install` accepts: later ones carry a `replace` directive in their go.mod, which it refuses.
 */
const TEMPORAL_CLI = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const BUILD_TIMEOUT_MS = 30 * 60_000;
const PROGRESS_INTERVAL_MS = 5_000;

/** Settings of the user that fit their own projects and would break or misplace an install of a program. */
const UNFIT_SETTINGS = ['GOFLAGS', 'GOOS', 'GOARCH', 'GO111MODULE', 'GOWORK'];

function goEnvironment(env: NodeJS.ProcessEnv, targetDirectory: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !UNFIT_SETTINGS.includes(name));
  return { ...Object.fromEntries(kept), GOBIN: targetDirectory };
}

export interface BuildOptions {
  env: NodeJS.ProcessEnv;
  /** An empty folder that receives the program. */
  directory: string;
  onProgress: (message: string) => void;
}

/** Builds the official Temporal CLI from Go modules and returns its path. Throws, saying why, when that fails. */
export async function buildWithGo({ env, directory, onProgress }: BuildOptions): Promise<string> {
  const go = findOnPath('go', env);
  if (!go) throw new Error('there is no `go` on the PATH');

  const log = new LastLines(10);
  const began = Date.now();
  const report = () => {
    const seconds = Math.round((Date.now() - began) / 1000);
    onProgress(`building the official Temporal CLI with Go, once, about 3 minutes… ${seconds} s`);
  };
  report();
  const build = await startKept({
    command: go,
    // Without symbols and debug tables the program is a third smaller.
    args: ['install', '-ldflags', '-s -w', TEMPORAL_CLI],
    env: goEnvironment(env, directory),
    cwd: directory,
    onLine: (line) => log.add(line),
  });
  const progress = setInterval(report, PROGRESS_INTERVAL_MS);
  const limit = setTimeout(() => void build.stop(0), BUILD_TIMEOUT_MS);
  try {
    const exit = await build.exited;
    if (exit.code !== 0) throw new Error(`\`go install ${TEMPORAL_CLI}\` ${describeExit(exit)}:\n${log.text()}`);
  } finally {
    clearInterval(progress);
    clearTimeout(limit);
  }
  return path.join(directory, 'temporal');
}
