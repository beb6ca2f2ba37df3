import { RunCancelledError, RunFailedError, type RunHandle } from '../client';
import { type PipelineResult } from '../contract/pipeline';
import { EXIT } from './exit-codes';
import { followRun } from './follow-run';
import { type Interrupt } from './interrupt';
import { providerEnvironment } from './provider-environment';
import { modelsOf } from './run-models';
import { type Session, type StartedSession } from './session';
import { fitted, note, noteStyle, outStyle, print } from './terminal';
import { printable } from './text/width';
import { costLines } from './views/ledger';
import { answerText, type CitedText, missingLines } from './views/result';
import { type Ending } from './watch';
import { writeWhole } from './write-file';

/** How a result is handed over. */
export interface ResultOptions {
  /** The result as JSON on standard output, and nothing else there. */
  json?: boolean;
  /** A file for the text with its sources. */
  out?: string;
}

/** Follows a run to its end, prints what it came to, and returns the exit code. */
export async function conclude(
  session: StartedSession,
  run: RunHandle,
  interrupt: Interrupt,
  options: ResultOptions,
): Promise<number> {
  const ending = await followRun(session, run, interrupt);
  interrupt.release();
  const result = resultOf(ending);
  const models = result ? await modelsOf(session.research, run.workflowId, run.runId) : [];
  if ('error' in ending) return concludeFailure(ending.error, result, { models, json: options.json });
  await handOver(session, ending.result, { ...options, models });
  if (ending.result.outcome === 'completed') return EXIT.completed;
  noteMissing('Not every step has an output:', ending.result);
  return EXIT.partial;
}

function resultOf(ending: Ending): PipelineResult | undefined {
  if ('result' in ending) return ending.result;
  return ending.error instanceof RunFailedError ? ending.error.failure.result : undefined;
}

type Handing = ResultOptions & { models: readonly string[] };

async function handOver(session: Session, result: PipelineResult, { json, out, models }: Handing): Promise<void> {
  const cost = costLines(result.ledger, models);
  if (json) print(JSON.stringify(result, null, 2));
  if (json && out === undefined) return noteQuietly(cost);
  const answer = answerText(await citedText(session, result));
  if (out !== undefined) {
    await writeWhole(out, `${answer}\n\n${cost.join('\n')}\n`);
    note(`The answer is in ${out}`);
    return noteQuietly(cost);
  }
  if (process.stderr.isTTY) note('');
  print(process.stdout.isTTY ? fitted(printable(answer), process.stdout) : answer);
  print('');
  for (const line of cost) print(outStyle()('quiet', fitted(line, process.stdout)));
}

async function citedText(session: Session, result: PipelineResult): Promise<CitedText> {
  if (result.text !== undefined) return { text: result.text, citations: result.citations };
  const { readText } = await import('../worker/index.js');
  const sources = result.textFrom.map((responseId) => ({ responseId, stepId: stepOf(result, responseId) }));
  return readText(providerEnvironment(session.stack, process.env), sources);
}

function stepOf({ steps }: PipelineResult, responseId: string): string {
  return Object.entries(steps).find(([, { responseIds }]) => responseIds.includes(responseId))?.[0] ?? responseId;
}

type Failed = { models: readonly string[]; json?: boolean };

function concludeFailure(error: Error, result: PipelineResult | undefined, { models, json }: Failed): number {
  if (result && json) print(JSON.stringify(result, null, 2));
  if (error instanceof RunCancelledError) {
    note(noteStyle()('warn', `${sentence(error.message)}.`));
  } else if (result) {
    noteMissing('The run failed; no final step has an output:', result);
    noteQuietly(costLines(result.ledger, models));
  } else {
    note(noteStyle()('bad', sentence(error.message)));
  }
  return EXIT.failed;
}

function noteMissing(heading: string, result: PipelineResult): void {
  note(`\n${noteStyle()('bad', heading)}`);
  for (const line of missingLines(result)) note(fitted(`  ${printable(line)}`, process.stderr));
}

function noteQuietly(lines: readonly string[]): void {
  for (const line of lines) note(noteStyle()('quiet', fitted(line, process.stderr)));
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
