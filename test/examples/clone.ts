import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended } from '../cli/cli';
import { doc, fences, ROOT } from '../docs/markdown';

/** The commands that an example's README says to type: lines of its blocks without a language, continued ones joined. */
export function commandsOf(example: string): string[] {
  const blocks = fences(doc(`examples/${example}/README.md`)).filter(({ language }) => language === '');
  return blocks.flatMap(({ content }) => content.replaceAll('\\\n', '').split('\n').filter(Boolean));
}

/** What examples import besides this package. */
const PACKAGES = ['@temporalio', '@modelcontextprotocol', 'zod', 'pg'];

/** A folder that is to typed commands what a clone is, and to the examples a project that has installed the package. */
export class Clone {
  /** The README's `export` lines. */
  private exports = '';

  private constructor(
    readonly folder: string,
    private readonly commands: string[],
    /** Of what is typed: nothing of the user's own settings. */
    readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Further programs are found by the names under which `programs` has them. */
  static async create(example: string, programs: Record<string, string> = {}): Promise<Clone> {
    const folder = await mkdtemp(join(tmpdir(), 'durable-research-example-'));
    await symlink(join(ROOT, 'examples'), join(folder, 'examples'));
    await cp(join(ROOT, 'dist/examples'), join(folder, 'dist/examples'), { recursive: true });
    const modules = join(folder, 'node_modules');
    await mkdir(modules);
    for (const name of PACKAGES) await symlink(join(ROOT, 'node_modules', name), join(modules, name));
    await symlink(ROOT, join(modules, 'durable-research'));
    const bin = join(folder, 'bin');
    await mkdir(bin);
    for (const [name, path] of Object.entries(programs)) await symlink(path, join(bin, name));
    // npx takes a second to find out what it is in a clone.
    const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(ROOT, 'dist/cli/main.js')}" "$@"\n`;
    await writeFile(join(bin, 'npx'), npx);
    await chmod(join(bin, 'npx'), 0o755);
    const path = `${bin}:${process.env['PATH']}`;
    return new Clone(folder, commandsOf(example), { HOME: process.env['HOME'], PATH: path });
  }

  /** The one line of the README that begins so, as it stands there. */
  line(beginning: string): string {
    const [line, ...others] = this.commands.filter((command) => command.startsWith(beginning));
    if (line === undefined || others.length > 0)
      throw new Error(`expected one line that begins with "${beginning}", got ${others.length} more or none`);
    return line;
  }

  /** Takes the README's `export` lines over for everything that is typed after it. */
  export(): void {
    this.exports = this.commands.filter((command) => command.startsWith('export ')).join('\n');
  }

  /** Types a line that may run on: `end` ends it. */
  start(line: string, stdin = ''): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn('sh', ['-ec', `${this.exports}\n${line}`], { cwd: this.folder, env: this.env, detached: true });
    // A program that asks nothing may have ended before it is answered.
    child.stdin.on('error', () => undefined).end(stdin);
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
    return {
      child,
      ended: new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve({ ...ended, code }));
      }),
    };
  }

  /** @throws Error with what it printed, where it does not end with 0. */
  async type(line: string, stdin?: string): Promise<string> {
    const { code, stdout, stderr } = await this.start(line, stdin).ended;
    if (code !== 0) throw new Error(`"${line}" ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ends what a test has typed and left running, with the programs that its shell has started. */
export async function end({ child, ended }: ReturnType<Clone['start']>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid) process.kill(-child.pid, 'SIGKILL');
  await ended;
}
