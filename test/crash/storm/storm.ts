import { type Account, audit, type Audit, bookedIds } from './accounts';
import { type CountedCreate } from '../../setup/harness';
import { Killer, type Rage } from './killer';
import { allClosed, type End, endOf } from './runs';
import { type Stack, type StackOptions, startStack } from './stack';

export interface StormOptions extends StackOptions {
  /** Decides everything that is drawn. */
  seed: string;
}

/**
 * Runs a scenario on a stack of its own and returns the problems that it found; then also how to repeat it, and where
 * the logs and data of its processes are.
 */
export async function onStack(
  { seed, ...options }: StormOptions,
  scenario: (stack: Stack) => Promise<string[]>,
): Promise<string[]> {
  const stack = await startStack(options);
  let keepFolder = true;
  try {
    const found = await scenario(stack);
    const problems = [...found, ...stack.parts.flatMap(({ ownEnds }) => ownEnds)];
    keepFolder = problems.length > 0;
    return keepFolder ? [...problems, `seed ${seed}, logs in ${stack.folder}`] : [];
  } catch (error) {
    throw new Error(`seed ${seed}, logs in ${stack.folder}: ${String(error)}`, { cause: error });
  } finally {
    await stack.stop({ keepFolder });
  }
}

/** Lets a killer rage while `work` goes on and until every run has ended; then everybody is back. */
export async function underKills(
  stack: Stack,
  { withinMs, ...rage }: Rage & { withinMs: number },
  work: () => Promise<void>,
): Promise<Killer> {
  const killer = new Killer(stack.parts, rage);
  try {
    await work();
    await allClosed(stack.research, withinMs);
  } finally {
    await killer.stop();
  }
  await stack.whole();
  return killer;
}

/** What each run says of its responses; one without a result says nothing. */
export function accountsOf(ends: readonly End[]): Account[] {
  return ends.flatMap((end) => {
    const result = end.outcome === 'cancelled' ? undefined : end.result;
    return result ? [{ workflowId: end.run.workflowId, steps: result.steps, ledger: result.ledger }] : [];
  });
}

/** Every run's account beside the provider's list. */
export async function auditAll(stack: Stack, ends: readonly End[]): Promise<Audit[]> {
  const creates = await stack.emulator.creates();
  return accountsOf(ends).map((account) => audit(account, ofRun(account.workflowId, creates)));
}

/** Those creates of a list that are of one run. */
export function ofRun(workflowId: string, creates: readonly CountedCreate[]): CountedCreate[] {
  return creates.filter(({ metadata }) => metadata['workflow_id'] === workflowId);
}

/** Runs whose account holds other tokens than the provider says that its responses used. */
export async function wrongSums(stack: Stack, ends: readonly End[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const account of accountsOf(ends)) {
    const told = await Promise.all([...bookedIds(account)].map((id) => stack.emulator.response(id)));
    const sum = (of: 'input_tokens' | 'output_tokens'): number =>
      told.reduce((total, { usage }) => total + (usage?.[of] ?? 0), 0);
    const { input, output } = account.ledger.total.usage;
    if (input === sum('input_tokens') && output === sum('output_tokens')) continue;
    const expected = `${sum('input_tokens')} and ${sum('output_tokens')}`;
    wrong.push(`${account.workflowId}: ${input} tokens in and ${output} out are booked, the provider says ${expected}`);
  }
  return wrong;
}

/** The ends of all runs, in their order. */
export function endsOf(stack: Stack, ids: readonly string[]): Promise<End[]> {
  return Promise.all(ids.map((id) => endOf(stack.research.run(id))));
}
