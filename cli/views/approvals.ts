import { type Approval } from '../../contract/approval';
import { fullId, type WaitingApproval } from '../find-approvals';
import { invocation } from '../invocation';
import { duration } from '../text/format';
import { type Style } from '../text/style';
import { oneLine } from '../text/width';
import { wrap } from '../text/wrap';

/** What waits for a person: id and question of each, and below them the commands that answer. */
export function approvalLines(
  waiting: readonly WaitingApproval[],
  { width, style, now }: { width: number; style: Style; now: number },
): string[] {
  const [first] = waiting;
  if (!first) return [];
  return [
    ...waiting.flatMap((approval) => [
      `${style('strong', fullId(approval))}  ${style('quiet', timeLeft(approval, now))}`,
      // Whole: whoever decides must see everything that a model asks for.
      wrap(`  ${questionText(approval)}`, width),
    ]),
    '',
    style(
      'quiet',
      `${invocation(`approve ${fullId(first)}`)}, or ${invocation(`reject ${fullId(first)} --reason "…"`)}`,
    ),
  ];
}

/** One line for whoever looks at the run. The command comes first: a terminal may cut the end off. */
export function waitingText(workflowId: string, approval: Approval): string {
  const id = fullId({ workflowId, id: approval.id });
  return `waits for a person: ${invocation(`approve ${id}`)}, or reject · ${questionText(approval)}`;
}

function questionText({ question, detail }: Approval): string {
  return oneLine(detail === undefined ? question : `${question} ${detail}`);
}

function timeLeft({ deadlineAt, onDeadline }: Approval, now: number): string {
  const otherwise = `counts as ${onDeadline === 'approve' ? 'approved' : 'rejected'}`;
  return deadlineAt > now ? `${duration(deadlineAt - now)} left, then it ${otherwise}` : `${otherwise} any moment`;
}
