import { type Ledger } from '../../contract/ledger';
import { counted } from '../text/format';
import { type WholeProgress } from '../whole-progress';
import { doubtLines } from './ledger';

/** What a cancelled run left behind: responses that were stopped, steps that never began, and what is in doubt. */
export function cancelledLines({ steps }: WholeProgress, ledger: Ledger | undefined): string[] {
  const doubtful = new Set(ledger?.possiblyRunning.map(({ responseId }) => responseId));
  const stopped = steps.filter(
    ({ outcome, responseId }) => outcome === 'cancelled' && responseId !== undefined && !doubtful.has(responseId),
  );
  const whole = steps.filter(({ outcome }) => outcome === 'completed');
  const never = steps.filter(({ state }) => state === 'waiting');
  return [
    ...stopped.map(({ id, responseId }) => `${id}: ${responseId ?? ''} was stopped at the provider.`),
    ...(stopped.length === 0 && doubtful.size === 0 ? ['Nothing was running at the provider.'] : []),
    ...(ledger ? doubtLines(ledger) : []),
    [
      `${counted(whole.length, 'step')} had completed`,
      ...(never.length > 0 ? [`${counted(never.length, 'step')} had not begun`] : []),
    ].join(', ') + '.',
  ];
}
