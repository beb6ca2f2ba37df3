import { type Approval } from '../../contract/approval';
import { fullId, type WaitingApproval } from '../find-approvals';
import { invocation } from '../invocation';
import { duration } from '../text/format';
import { type Style } from '../text/style';
import { truncate } from '../text/width';

/** What waits for a person: two lines each, and below them the commands that answer. */
export function approvalLines(
  waiting: readonly WaitingApproval[],
  { width, style, now }: { width: number; style: Style; now: number },
): string[] {
  const [first] = waiting;
  if (!first) return [];
  return [
    ...waiting.flatMap((approval) => [
      `${style('strong', fullId(approval))}  ${style('quiet', timeLeft(approval, now))}`,
      truncate(`  ${approval.question}`, width),
    ]),
    '',
    style(
      'quiet',
      `${invocation(`approve ${fullId(first)}`)}, or ${invocation(`reject ${fullId(first)} --reason "…"`)}`,
    ),
  ];
}

/** One line for whoever looks at the run. */
export function waitingText(workflowId: string, { id, question }: Approval): string {
  return `waits for a person: ${question} ${invocation(`approve ${fullId({ workflowId, id })}`)}`;
}

function timeLeft({ deadlineAt }: Approval, now: number): string {
  return deadlineAt > now ? `${duration(deadlineAt - now)} left` : 'too late any moment';
}
