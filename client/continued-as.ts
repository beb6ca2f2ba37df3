import { type Client, type WorkflowExecutionDescription } from '@temporalio/client';

/** `HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT` of Temporal's API: the last event of an execution alone. */
const CLOSE_EVENT = 2;

/** The execution in which a run goes on that has ended this one for it; undefined for every other end. */
export async function continuedAs(
  client: Client,
  { workflowId, runId, status }: WorkflowExecutionDescription,
): Promise<string | undefined> {
  if (status.name !== 'CONTINUED_AS_NEW') return undefined;
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    historyEventFilterType: CLOSE_EVENT,
  });
  const closed = history?.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
  return closed?.newExecutionRunId ?? undefined;
}
