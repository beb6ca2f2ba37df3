import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

/** How a command ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A command that runs as a process of its own. */
export interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Waits until standard error shows a text. */
  shows(text: string): Promise<void>;
}

/** How a command is started. */
export interface StartOptions {
  stdin?: string;
  env?: NodeJS.ProcessEnv;
  /** Let standard output go through a pipe, as in a shell. The exit code is then that of `cat`. */
  pipe?: boolean;
}

/** A folder of its own for everything that commands keep, and an environment without the user's settings. */
export class CliHome {
  private constructor(
    readonly folder: string,
    private readonly extra: NodeJS.ProcessEnv,
  ) {}

  static async create(extra: NodeJS.ProcessEnv = {}): Promise<CliHome> {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing; run "npm run build" before these tests`);
    return new CliHome(await mkdtemp(join(tmpdir(), 'durable-research-cli-')), extra);
  }

  get home(): string {
    return join(this.folder, 'home');
  }

  start(args: readonly string[], { stdin = '', env = {}, pipe = false }: StartOptions = {}): Running {
    const command = [process.execPath, MAIN, ...args];
    // What Node gives a child to write to is a socket, which holds more than the pipe that a shell gives it.
    const [file = '', ...rest] = pipe ? ['sh', '-c', '"$@" | cat', 'sh', ...command] : command;
    const child = spawn(file, rest, {
      cwd: this.folder,
      env: { ...ownEnvironment(), DURABLE_RESEARCH_HOME: this.home, ...this.extra, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined).end(stdin);
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
    const shows = async (text: string): Promise<void> => {
      const seen = new Promise<string>((resolve) => {
        const look = (): void => (stderr.includes(text) ? resolve(stderr) : undefined);
        child.stderr.on('data', look);
        look();
      });
      const shown = await Promise.race([seen, ended.then((end) => end.stderr)]);
      if (!shown.includes(text)) throw new Error(`the command ended and never showed "${text}":\n${shown}`);
    };
    return { child, ended, shows };
  }

  run(args: readonly string[], options?: StartOptions): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** Ends what commands have started in the background, and removes the folder. */
  async remove(): Promise<void> {
    await this.run(['stop']);
    await rm(this.folder, { recursive: true, force: true });
  }
}

function ownEnvironment(): NodeJS.ProcessEnv {
  const settings = /^(OPENAI|TEMPORAL|DURABLE_RESEARCH)_|^(NO_COLOR|FORCE_COLOR|DEBUG)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.test(name)));
}
