import { type WorkflowExecutionDescription } from '@temporalio/client';
import { DecryptionError } from '../../codec';
import { invocation } from '../invocation';
import { EXIT } from '../exit-codes';
import { recentRuns } from '../find-run';
import { Interrupt } from '../interrupt';
import { openSession, type Session } from '../session';
import { note, outStyle, print, sizeOf } from '../terminal';
import { type ListedRun, listedRun, listLines } from '../views/list';

/** Options of `durable-research list`. */
export interface ListOptions {
  json?: boolean;
  /** Most runs that are shown. */
  limit: number;
}

/** Shows the runs of this task queue, newest first. Returns the exit code. */
export async function list({ json, limit }: ListOptions): Promise<number> {
  const interrupt = new Interrupt();
  const session = await openSession(interrupt);
  try {
    const runs = await interrupt.race(listed(session, limit));
    if (json) print(JSON.stringify(runs, null, 2));
    else if (runs.length === 0) note(`There is no run yet. Start one with: ${invocation('run "your question"')}`);
    else for (const line of listLines(runs, sizeOf(process.stdout).width, outStyle(), Date.now())) print(line);
    return EXIT.completed;
  } finally {
    interrupt.release();
    await session.close();
  }
}

/** A run's summary stands in its description only, so each of those shown is described. */
async function listed({ research }: Session, limit: number): Promise<ListedRun[]> {
  const runs = (await recentRuns(research)).slice(0, limit);
  return Promise.all(
    runs.map(async (info) => {
      const described = await research.run(info.workflowId, info.runId).describe();
      return listedRun(info, await summaryOf(described));
    }),
  );
}

/** A run whose key is missing is shown all the same, beside those that can be read. */
async function summaryOf(described: WorkflowExecutionDescription | undefined): Promise<string> {
  try {
    return (await described?.staticSummary()) ?? '';
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    return `(${error.message})`;
  }
}
