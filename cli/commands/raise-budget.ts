import { type Cap } from '../../contract/budget';
import { UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { Interrupt } from '../interrupt';
import { startSession } from '../session';
import { print } from '../terminal';
import { budgetText } from '../views/budget';

/** Raises the budget of a run to new totals. Returns the exit code. */
export async function raiseBudget(workflowId: string, cap: Cap): Promise<number> {
  if (cap.usd === undefined && cap.tokens === undefined)
    throw new UsageError('expected --usd, --tokens or both: the new totals of the budget');
  // Only a worker can take it.
  const interrupt = new Interrupt();
  const session = await startSession(interrupt);
  try {
    const state = await interrupt.race(session.research.run(workflowId).raiseBudget(cap));
    print(`${workflowId}: the budget is ${budgetText(state)}.`);
    return EXIT.completed;
  } finally {
    interrupt.release();
    await session.close();
  }
}
