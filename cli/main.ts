#!/usr/bin/env node
import { CommanderError } from 'commander';
import { explain, wantsStacks } from './errors';
import { EXIT } from './exit-codes';
import { createProgram } from './program';
import { fitted, note, noteStyle, surviveClosedPipes } from './terminal';

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await createProgram().parse(argv);
  } catch (error) {
    // Commander has said what was wrong already; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.completed : EXIT.usage;
    const { text, exitCode } = explain(error, wantsStacks(process.env, argv.includes('--verbose')));
    note(exitCode === EXIT.interrupted ? `\n${said(text)}` : `${noteStyle()('bad', 'error:')} ${said(text)}`);
    return exitCode;
  }
}

function said(text: string): string {
  return fitted(text, process.stderr);
}

/** A pipe takes what fits into it; the rest waits in this process, and ending at once would lose it. */
async function flush(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}

async function start(): Promise<never> {
  const exitCode = await main(process.argv);
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  // Whatever still waits in this process belongs to a command that is over.
  process.exit(exitCode);
}

surviveClosedPipes();
void start();
