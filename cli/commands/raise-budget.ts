import { type Cap } from '../../contract/budget';
import { UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { inSession } from '../session';
import { print } from '../terminal';
import { budgetText } from '../views/budget';

/** Raises the budget of a run to new totals. Returns the exit code. */
export async function raiseBudget(workflowId: string, cap: Cap): Promise<number> {
  if (cap.usd === undefined && cap.tokens === undefined)
    throw new UsageError('expected --usd, --tokens or both: the new totals of the budget');
  const state = await inSession(({ research }) => research.run(workflowId).raiseBudget(cap));
  print(`${workflowId}: the budget is ${budgetText(state)}.`);
  return EXIT.completed;
}
