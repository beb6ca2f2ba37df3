import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import { type Notification } from '../contract/activities';
import { bounded } from './activities';
import { type Board } from './board';
import { lastWords } from './failures';

type Told = Omit<Notification, 'workflowId' | 'runId'>;

/**
 * Tells the receiver that the worker is configured with; also of a run that is being cancelled. One that cannot be
 * reached is a warning: nothing of the run depends on it.
 */
export async function tellReceiver(board: Board, told: Told, about = ''): Promise<void> {
  const { workflowId, runId } = workflowInfo();
  try {
    const telling = bounded('20s', `tell the receiver: ${told.type}`);
    await CancellationScope.nonCancellable(() => telling['durableResearch.notify']({ ...told, workflowId, runId }));
  } catch (error) {
    board.warn(`the receiver of notifications could not be told${about}: ${lastWords(error)}`);
  }
}
