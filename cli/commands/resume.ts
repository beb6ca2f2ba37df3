import { RunNotFoundError } from '../../client';
import { conclude, type ResultOptions } from '../conclude';
import { newestRun } from '../find-run';
import { Interrupt } from '../interrupt';
import { startSession } from '../session';
import { announceRun, comeBack } from '../words';
import { assertWritable } from '../write-file';

/** Starts whatever is missing and follows a run to its end, whatever was killed before. Returns the exit code. */
export async function resume(id: string | undefined, options: ResultOptions): Promise<number> {
  if (options.out !== undefined) await assertWritable(options.out);
  const interrupt = new Interrupt();
  const session = await startSession(interrupt);
  try {
    const workflowId = id ?? (await newestRun(session.research));
    const run = session.research.run(workflowId);
    if (!(await run.describe())) throw new RunNotFoundError(workflowId, run.namespace);
    interrupt.message = comeBack(workflowId);
    announceRun(session, workflowId);
    return await conclude(session, run, interrupt, options);
  } finally {
    interrupt.release();
    await session.close();
  }
}
