import { EventEmitter, once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTemporalServer } from '../../../local';
import { describeExit, startKept } from '../../../local/kept-process';

export type Kind = 'worker' | 'gateway' | 'emulator' | 'temporal';

/** A process that answers. */
export interface Running {
  pid: number;
  exited: Promise<unknown>;
}

const ROOT = join(__dirname, '..', '..', '..');
/** Between two tries to start what needs something that is down itself, as a supervisor would leave it. */
const START_AGAIN_MS = 300;
const START_WITHIN_MS = 60_000;

/** A process of the stack. Whatever ends it, it is started again at the same place until `remove`. */
export class Part {
  /** Ends that nobody had asked for. */
  readonly ownEnds: string[] = [];
  private running: Running | undefined;
  private removed = false;

  constructor(
    readonly kind: Kind,
    readonly name: string,
    private readonly launch: () => Promise<Running>,
  ) {}

  get isUp(): boolean {
    return this.running !== undefined;
  }

  /**
   * Starts it; again and again where it cannot start yet.
   * @throws Error with the last reason after a minute.
   */
  async start(): Promise<void> {
    const giveUpAt = Date.now() + START_WITHIN_MS;
    while (!this.removed) {
      try {
        return this.watch(await this.launch());
      } catch (error) {
        if (Date.now() > giveUpAt) throw new Error(`${this.name} does not start`, { cause: error });
        await sleep(START_AGAIN_MS);
      }
    }
  }

  /** `kill -9`; it is down when this resolves, and stays down until `start`. */
  async kill(): Promise<void> {
    const { running } = this;
    if (!running) return;
    this.running = undefined;
    process.kill(running.pid, 'SIGKILL');
    await running.exited;
  }

  async remove(): Promise<void> {
    this.removed = true;
    await this.kill();
  }

  private watch(running: Running): void {
    this.running = running;
    void this.comeBack(running);
  }

  private async comeBack(running: Running): Promise<void> {
    const exit = await running.exited;
    if (this.running !== running) return;
    this.running = undefined;
    this.ownEnds.push(`${this.name}: ${JSON.stringify(exit)}`);
    await this.start();
  }
}

/** One of the compiled programs, whose first line on standard output says that it is ready; its log is kept in a file. */
export async function launchProgram(
  args: readonly string[],
  { env, logFile }: { env: NodeJS.ProcessEnv; logFile: string },
): Promise<Running> {
  const log = createWriteStream(logFile, { flags: 'a' });
  const lines = new EventEmitter();
  const isReady = once(lines, 'stdout');
  const [program = '', ...rest] = args;
  const kept = await startKept({
    command: process.execPath,
    args: [join(ROOT, 'dist', program), ...rest],
    env,
    onLine: (line, stream) => {
      log.write(`${line}\n`);
      lines.emit(stream);
    },
  });
  void kept.exited.then(() => log.end());
  const ended = await Promise.race([isReady.then(() => undefined), kept.exited]);
  if (ended) throw new Error(`${program} ${describeExit(ended)}, see ${logFile}`);
  return { pid: kept.id.pid, exited: kept.exited };
}

/** Temporal's dev server as local runs have it; refuses to come up elsewhere than before. */
export async function launchTemporal(options: {
  executable: string;
  dbFile: string;
  port: number;
  logFile: string;
}): Promise<Running> {
  const { executable, dbFile, port, logFile } = options;
  const log = createWriteStream(logFile, { flags: 'a' });
  const server = await startTemporalServer({
    executable,
    dbFile,
    port,
    headless: true,
    onLogLine: (line) => void log.write(`${line}\n`),
  });
  void server.exited.then(() => log.end());
  if (server.address.endsWith(`:${port}`)) return { pid: server.pid, exited: server.exited };
  await server.stop();
  throw new Error(`port ${port} was taken while the Temporal server was down`);
}
