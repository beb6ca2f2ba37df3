import { type EndedStep } from '../contract/carry';
import { type Run } from './run';
import { reportStep } from './report';

type Skipped = Pick<EndedStep, 'id' | 'outcome' | 'reason' | 'responseIds'>;

/** Ends a step that has not begun. */
export function skipStep(run: Run, stepId: string, reason: string): Skipped {
  run.board.update(stepId, { state: 'ended', outcome: 'skipped', reason, endedAt: Date.now() });
  reportStep(run, stepId, { startedAt: Date.now(), outcome: 'skipped' });
  return { id: stepId, outcome: 'skipped', reason, responseIds: [] };
}
