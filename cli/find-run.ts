import { type WorkflowExecutionInfo } from '@temporalio/client';
import { type ResearchClient } from '../client';
import { PIPELINE_WORKFLOW } from '../contract/names';
import { invocation } from './invocation';
import { UsageError } from './errors';

/** Runs that are looked at for the newest: Temporal lists open runs first, then those closed last. */
const RECENT = 200;

/** Recent runs of this client's task queue, newest first. A run that began in the last second or so may be missing. */
export async function recentRuns({ client, taskQueue }: ResearchClient): Promise<WorkflowExecutionInfo[]> {
  const query = `WorkflowType = '${PIPELINE_WORKFLOW}' AND TaskQueue = '${taskQueue.replaceAll("'", "''")}' AND ExecutionStatus != 'ContinuedAsNew'`;
  const runs: WorkflowExecutionInfo[] = [];
  for await (const run of client.workflow.list({ query, pageSize: RECENT })) {
    runs.push(run);
    if (runs.length === RECENT) break;
  }
  return runs.toSorted((a, b) => b.startTime.getTime() - a.startTime.getTime());
}

/**
 * Id of the newest open run, else of the newest run.
 * @throws UsageError where there is none.
 */
export async function newestRun(research: ResearchClient): Promise<string> {
  const runs = await recentRuns(research);
  const newest = runs.find(({ status }) => status.name === 'RUNNING') ?? runs[0];
  if (!newest) throw new UsageError(`there is no run yet; start one with: ${invocation('run "your question"')}`);
  return newest.workflowId;
}
