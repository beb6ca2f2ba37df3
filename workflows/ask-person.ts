import { type Approval, type Decision, MAX_DETAIL_CHARS, MAX_QUESTION_CHARS } from '../contract/approval';
import { durationMs } from '../contract/duration';
import { type Turn } from './turn';

/** What a step wants to know of a person. */
export type Question = Pick<Approval, 'id' | 'kind' | 'question' | 'detail'>;

/**
 * Waits for a person's decision: within the time that the step's `approval` gives, after which its default counts and
 * which is not the step's own time; else until the step's deadline, and undefined where none came.
 */
export async function askPerson(turn: Turn, { id, kind, question, detail }: Question): Promise<Decision | undefined> {
  const { run, step, deadlineAt } = turn;
  const { within, otherwise = 'reject' } = step.approval ?? {};
  const withinMs = within === undefined ? undefined : durationMs(within);
  const text = { question: question.slice(0, MAX_QUESTION_CHARS), detail: detail?.slice(0, MAX_DETAIL_CHARS) };
  if (withinMs !== undefined) stopDeadline(turn);
  try {
    const asked = { id, kind, stepId: step.id, ...text, onDeadline: otherwise };
    const decision = await run.approvals.ask(asked, (askedAt) => (withinMs ? askedAt + withinMs : deadlineAt));
    if (decision || within === undefined) return decision;
    const reason = `nobody decided within ${within}`;
    run.board.warn(`${id} counts as ${otherwise === 'approve' ? 'approved' : 'rejected'}: ${reason}`);
    return { id, approve: otherwise === 'approve', reason };
  } finally {
    if (withinMs !== undefined) moveDeadline(turn);
  }
}

function stopDeadline(turn: Turn): void {
  turn.asking = (turn.asking ?? 0) + 1;
  turn.askedSince ??= Date.now();
}

/** At each decision, and not at the last of several alone: what is allowed begins at once, with the time it has left. */
function moveDeadline(turn: Turn): void {
  const now = Date.now();
  turn.deadlineAt += now - (turn.askedSince ?? now);
  turn.asking = (turn.asking ?? 1) - 1;
  turn.askedSince = turn.asking > 0 ? now : undefined;
}
