import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { STEP_PROGRESS_SIGNAL } from '../contract/names';
import { type StepDoing } from '../contract/progress';

/** Tells a run what a response does; one that has ended meanwhile is not told any more. */
export async function tellRun(client: Pick<Client, 'workflow'>, workflowId: string, doing: StepDoing): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).signal(STEP_PROGRESS_SIGNAL, doing);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
