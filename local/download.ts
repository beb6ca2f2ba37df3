import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeExit, startKept, type Exit } from './kept-process';
import { LastLines } from './last-lines';

/**
 * Temporal's own code does the download, since it knows which release fits the SDK and honours the proxy's settings. It
 * offers it only as the first half of starting a server, and no way to stop it. Hence a process of its own, that is
 * ended when the program is there; `--help` makes sure that no server starts even for a moment.
 */
const DOWNLOADER = `
  const [testing, downloadDir] = process.argv.slice(1);
  const executable = { type: 'cached-download', downloadDir };
  require(testing).TestWorkflowEnvironment.createLocal({ server: { executable, extraArgs: ['--help'] } }).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });`;

const POLL_MS = 100;
const REPORT_INTERVAL_MS = 5_000;

export interface DownloadOptions {
  env: NodeJS.ProcessEnv;
  /** An empty folder that receives the program. */
  directory: string;
  onProgress: (message: string) => void;
  /** The download is given up when nothing has come for so long, in milliseconds. Default 20,000. */
  stallMs?: number;
}

interface Received {
  bytes: number;
  /** The finished program: the downloader writes to another name first and renames. */
  program: string | undefined;
}

function look(directory: string): Received {
  const files = readdirSync(directory).map((name) => path.join(directory, name));
  return {
    bytes: files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0),
    program: files.find((file) => !file.endsWith('.downloading')),
  };
}

/** Downloads the Temporal CLI as Temporal's SDK does and returns its path. Throws, saying why, when that fails. */
export async function download({ env, directory, onProgress, stallMs = 20_000 }: DownloadOptions): Promise<string> {
  const log = new LastLines(3);
  let ended: Exit | undefined;
  const downloader = await startKept({
    command: process.execPath,
    args: ['-e', DOWNLOADER, require.resolve('@temporalio/testing'), directory],
    env,
    onLine: (line) => log.add(line),
  });
  void downloader.exited.then((exit) => (ended = exit));
  try {
    let bytes = -1;
    let lastGrowth = Date.now();
    let lastReport = 0;
    for (;;) {
      const received = look(directory);
      if (received.program) return received.program;
      if (ended) throw new Error(`the download ${describeExit(ended)}:\n${log.text()}`);
      if (received.bytes > bytes) lastGrowth = Date.now();
      bytes = received.bytes;
      if (Date.now() - lastGrowth > stallMs) throw new Error(`nothing came for ${stallMs / 1000} s`);
      if (Date.now() - lastReport >= REPORT_INTERVAL_MS) {
        onProgress(`downloading the Temporal CLI, once… ${(bytes / 1e6).toFixed(0)} MB`);
        lastReport = Date.now();
      }
      await sleep(POLL_MS);
    }
  } finally {
    await downloader.stop(0);
  }
}
