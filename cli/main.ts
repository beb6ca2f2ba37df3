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

surviveClosedPipes();
// Whatever still waits in this process belongs to a command that is over.
void main(process.argv).then((exitCode) => process.exit(exitCode));
