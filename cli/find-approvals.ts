import { QueryNotRegisteredError } from '@temporalio/client';
import { type ResearchClient } from '../client';
import { type Approval } from '../contract/approval';
import { messageOf, UsageError } from './errors';
import { invocation } from './invocation';

/** Something that waits for a person, and the run that waits. */
export interface WaitingApproval extends Approval {
  workflowId: string;
}

/** What open runs wait for, and what may be missing there. */
export interface Waiting {
  approvals: WaitingApproval[];
  /** Ids of runs that no worker answered for, each with the reason. */
  unanswered: { workflowId: string; reason: string }[];
  /** Whether there are more open runs than were asked: the newest. */
  more: boolean;
}

/** Most runs that are asked: each answer takes a worker some milliseconds. */
export const MAX_OPEN_RUNS = 200;
/** Runs that are asked at once. */
const AT_ONCE = 8;
/** Segments of an approval's own id: step, turn, what is asked. */
const SEGMENTS = 3;

/** What waits for a person in one run, or in the open runs of the task queue, workflows of the user's own included. */
export async function findApprovals(research: ResearchClient, workflowId?: string): Promise<Waiting> {
  const open = workflowId === undefined ? await openRuns(research) : [workflowId];
  const ids = open.slice(0, MAX_OPEN_RUNS);
  const found: Waiting = { approvals: [], unanswered: [], more: open.length > ids.length };
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    await Promise.all(
      ids.slice(i, i + AT_ONCE).map(async (id) => {
        try {
          const approvals = await research.run(id).approvals();
          found.approvals.push(...approvals.map((approval) => ({ workflowId: id, ...approval })));
        } catch (error) {
          // One that is named has to answer; of many, those that do are shown.
          if (workflowId !== undefined) throw error;
          // A workflow of the user's own that opens no run asks nobody.
          if (error instanceof QueryNotRegisteredError && /not register a handler/.test(error.message)) return;
          found.unanswered.push({ workflowId: id, reason: messageOf(error) });
        }
      }),
    );
  }
  return found;
}

/** The id that commands take: it names the run as well. */
export function fullId({ workflowId, id }: Pick<WaitingApproval, 'workflowId' | 'id'>): string {
  return `${workflowId}/${id}`;
}

/**
 * The run and the approval that an id names: `RUN/STEP/TURN/CALL`, or without the run where only one open run asks that.
 * @throws UsageError for an id of another form, for one that nothing waits under, and for one that several runs wait
 * under, naming them.
 */
export async function findApproval(
  research: ResearchClient,
  id: string,
): Promise<Pick<WaitingApproval, 'workflowId' | 'id'>> {
  const segments = id.split('/');
  if (segments.length < SEGMENTS)
    throw new UsageError(`expected the id of an approval, as ${invocation('approvals')} shows it, got "${id}"`);
  if (segments.length > SEGMENTS) {
    const own = segments.slice(-SEGMENTS).join('/');
    return { workflowId: id.slice(0, -own.length - 1), id: own };
  }
  const { approvals, unanswered, more } = await findApprovals(research);
  const same = approvals.filter((approval) => approval.id === id);
  const [only] = same;
  const silent = [
    ...(unanswered.length > 0 ? [`; ${unanswered.length} open runs did not answer`] : []),
    ...(more ? [`; only the newest ${MAX_OPEN_RUNS} open runs were asked, so name the run`] : []),
  ].join('');
  if (!only)
    throw new UsageError(`no open run waits for a decision on "${id}"${silent}; see: ${invocation('approvals')}`);
  if (same.length > 1)
    throw new UsageError(
      `${same.length} runs wait for a decision on "${id}"; name one: ${same.map(fullId).join(', ')}`,
    );
  return only;
}

/** Ids of open workflows, newest first as Temporal lists them, and one more than are asked where there are more. */
async function openRuns({ client, taskQueue }: ResearchClient): Promise<string[]> {
  const query = `TaskQueue = '${taskQueue.replaceAll("'", "''")}' AND ExecutionStatus = 'Running'`;
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query, pageSize: MAX_OPEN_RUNS + 1 })) {
    ids.push(workflowId);
    if (ids.length > MAX_OPEN_RUNS) break;
  }
  return ids;
}
