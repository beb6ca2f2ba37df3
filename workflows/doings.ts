import { defineSignal, setHandler } from '@temporalio/workflow';
import { STEP_PROGRESS_SIGNAL } from '../contract/names';
import { stepDoingSchema, type StepProgress } from '../contract/progress';
import { type Board } from './board';

/**
 * Shows what workers see in the streams that they follow. What comes late, twice, or of a response that the step no
 * longer waits for is ignored; a signal that does not parse becomes a warning.
 */
export function listenToDoings(board: Board, onForeground: () => void): void {
  const newest = new Map<string, number>();
  setHandler(defineSignal<[unknown]>(STEP_PROGRESS_SIGNAL), (raw) => {
    const parsed = stepDoingSchema.safeParse(raw);
    if (!parsed.success) {
      board.warn(`a signal ${STEP_PROGRESS_SIGNAL} could not be read: ${parsed.error.issues[0]?.message}`);
      return;
    }
    const { stepId, responseId, sequence, doing, foreground } = parsed.data;
    const row = board.row(stepId);
    if (foreground && isCreating(row)) {
      // Otherwise nothing else was asked for.
      if (row?.state === 'creating') onForeground();
      board.update(stepId, { state: 'in_progress', responseId, resumable: false });
    } else if (row?.state !== 'in_progress' || row.responseId !== responseId) return;
    if (sequence <= (newest.get(responseId) ?? -1)) return;
    newest.set(responseId, sequence);
    board.update(stepId, { doing });
  });
}

/** No answer of its create has come yet; in the foreground that is the whole of its life. */
function isCreating(row: StepProgress | undefined): boolean {
  return row?.state === 'creating' || (row?.state === 'in_progress' && row.responseId === undefined);
}
