import { createInterface } from 'node:readline/promises';
import { type PipelinePlan } from '../contract/pipeline';
import { UsageError } from './errors';
import { isSimulated, providerEnvironment } from './provider-environment';
import { type StartedSession } from './session';
import { fitted, note } from './terminal';
import { worstText } from './views/worst-price';

/**
 * Shows what a run can cost at most, and asks before any of it is spent; false on a no. An emulator costs nothing and is
 * not asked about.
 * @throws UsageError where nobody can be asked and `--yes` is not given.
 */
export async function confirmCost(
  { stack }: StartedSession,
  plan: PipelinePlan,
  { yes }: { yes?: boolean },
): Promise<boolean> {
  if (isSimulated(stack)) return true;
  const { estimateWorstUsd } = await import('../worker/index.js');
  const worst = await estimateWorstUsd(plan.steps, providerEnvironment(stack, process.env));
  note(fitted(worstText(worst, plan.steps.length, stack.provider.baseUrl), process.stderr));
  if (yes) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError('this run spends money and nobody can be asked here; add --yes to start it');
  return ask('Start it? [y/N] ');
}

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The reader takes Ctrl-C for itself; it means the same here as everywhere.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
