import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';

/** Asks the official Python SDK's models, strictly, what is wrong with an object. */
export class Validator {
  private readonly child: ChildProcess;
  private readonly lines: Interface;

  constructor(python: string) {
    this.child = spawn(python, [path.join(__dirname, 'validate.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.child.stdout === null) throw new Error('The validator has no stdout.');
    this.lines = createInterface({ input: this.child.stdout });
  }

  /** The problems of one object, each with its path; empty: the SDK takes it. One question at a time. */
  async problems(model: string, value: unknown): Promise<string[]> {
    const answer = once(this.lines, 'line');
    this.child.stdin?.write(`${JSON.stringify({ model, value })}\n`);
    const [line] = (await answer) as [string];
    return JSON.parse(line) as string[];
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.stdin?.end();
    await exit;
  }
}
