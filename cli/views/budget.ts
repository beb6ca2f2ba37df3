import { type BudgetState } from '../../contract/budget';
import { type Progress } from '../../contract/progress';
import { invocation } from '../invocation';
import { count, usd } from '../text/format';

/** `$3.00, of which $0.0081 counts as used` */
export function budgetText({ usd: money, tokens, counted }: BudgetState): string {
  const parts = [
    money === undefined ? '' : `${usd(money)}, of which ${usd(counted.usd)} counts as used`,
    tokens === undefined ? '' : `${count(tokens)} tokens, of which ${count(counted.tokens)} count as used`,
  ];
  return parts.filter(Boolean).join('; ');
}

/** Why a paused run waits, and how it goes on; empty where it does not. */
export function pausedText(workflowId: string, paused: Paused): string[] {
  const { stage, waitingFor, budget } = paused;
  if (stage !== 'paused' || !budget?.raiseTo) return [];
  const [why = ''] = waitingFor.find((text) => text.startsWith('budget: '))?.split('; raise it') ?? [];
  const options = Object.entries(budget.raiseTo).map(([kind, amount]) => `--${kind} ${amount}`);
  // The command first: a narrow terminal cuts the line.
  return [`paused; go on with: ${invocation(`raise-budget ${workflowId} ${options.join(' ')}`)} (${why})`];
}

type Paused = Pick<Progress, 'stage' | 'waitingFor' | 'budget'>;
