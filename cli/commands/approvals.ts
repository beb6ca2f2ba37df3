import { EXIT } from '../exit-codes';
import { findApproval, findApprovals, fullId, MAX_OPEN_RUNS } from '../find-approvals';
import { inSession } from '../session';
import { note, outStyle, print, sizeOf } from '../terminal';
import { approvalLines } from '../views/approvals';

/** Shows what waits for a person: in one run, or in all open ones. Returns the exit code. */
export async function approvals(workflowId: string | undefined, { json }: { json?: boolean }): Promise<number> {
  return inSession(async (session) => {
    const found = await findApprovals(session.research, workflowId);
    for (const { workflowId: id, reason } of found.unanswered) note(`warning: ${id} did not answer: ${reason}`);
    if (found.more) note(`warning: only the newest ${MAX_OPEN_RUNS} open runs were asked; name another: approvals ID`);
    const waiting = found.approvals.toSorted((a, b) => a.deadlineAt - b.deadlineAt);
    if (json) print(JSON.stringify(waiting, null, 2));
    else if (waiting.length === 0 && found.unanswered.length === 0) note('Nothing waits for a person.');
    else
      for (const line of approvalLines(waiting, {
        width: sizeOf(process.stdout).width,
        style: outStyle(),
        now: Date.now(),
      }))
        print(line);
    // A list that lacks what a run did not say must not pass for the whole one.
    return found.unanswered.length === 0 ? EXIT.completed : EXIT.failed;
  });
}

/** What a person has decided. */
export interface Verdict {
  approve: boolean;
  reason?: string;
}

/** Tells a run a person's decision. Returns the exit code. */
export async function decide(id: string, verdict: Verdict): Promise<number> {
  return inSession(async (session) => {
    const found = await findApproval(session.research, id);
    await session.research.run(found.workflowId).decide({ id: found.id, ...verdict });
    print(`${fullId(found)} is ${verdict.approve ? 'approved' : 'rejected'}.`);
    return EXIT.completed;
  });
}
