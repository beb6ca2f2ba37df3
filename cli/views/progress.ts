import { type Progress, type StepProgress } from '../../contract/progress';
import { count, duration, usd } from '../text/format';
import { truncate } from '../text/width';
import { chooseSteps, type Drawing, hiddenText, stateOf, stepLines, tokensOf } from './steps';

/** All that is known of a run: every step, and the totals of the newest answer. */
export interface Snapshot {
  steps: readonly StepProgress[];
  totals: Pick<Progress, 'counts' | 'usage' | 'usd' | 'budget' | 'simulated' | 'stage'>;
}

/** Stages that are said: of a run that does anything else than run. */
const SHOWN_STAGES: ReadonlySet<string> = new Set(['cancelling', 'paused', 'finishing']);
/** Fewest rows of steps, however low the terminal is. */
const MIN_ROWS = 3;
/** Lines beside the steps: hidden ones, a gap, the totals, the cursor's own. */
const OTHER_LINES = 5;

/** The screen of a run at work: as many steps as fit, and the totals. */
export function progressLines(snapshot: Snapshot, drawing: Drawing & { height: number }): string[] {
  const rows = Math.max(MIN_ROWS, drawing.height - OTHER_LINES);
  const shown = chooseSteps(snapshot.steps, rows);
  const hidden = hiddenText(snapshot.steps, shown);
  const { style, width } = drawing;
  return [
    ...stepLines(shown, drawing),
    ...(hidden === undefined ? [] : [style('quiet', truncate(`  ${hidden}`, width))]),
    '',
    style('quiet', truncate(totalsText(snapshot, drawing.now), width)),
  ];
}

/** `3 of 5 steps · 18 s · 2,812 tokens · $0.0123 (simulated)`. */
export function totalsText({ steps, totals }: Snapshot, now: number): string {
  const starts = steps.flatMap(({ startedAt }) => startedAt ?? []);
  const ends = steps.flatMap(({ endedAt }) => endedAt ?? []);
  const until = totals.stage === 'ended' && ends.length > 0 ? Math.max(...ends) : now;
  const elapsed = starts.length > 0 ? [duration(until - Math.min(...starts))] : [];
  const tokens = totals.usage.input + totals.usage.output;
  const cap = totals.budget?.usd === undefined ? '' : ` of ${usd(totals.budget.usd)}`;
  return [
    `${count(totals.counts.ended)} of ${count(totals.counts.total)} steps`,
    ...(SHOWN_STAGES.has(totals.stage) ? [totals.stage] : []),
    ...elapsed,
    `${count(tokens)} tokens`,
    `${usd(totals.usd)}${cap}${totals.simulated ? ' (simulated)' : ''}`,
  ].join(' · ');
}

/** One line for a step whose state has changed; undefined where nothing worth a line has. */
export function changeLine(step: StepProgress, before: StepProgress | undefined): string | undefined {
  if (step.state === 'waiting' || step.state === 'creating') return undefined;
  if (before?.state === step.state && before.responseId === step.responseId && before.outcome === step.outcome)
    return undefined;
  if (step.state === 'in_progress') return `${step.id}: in progress, ${step.responseId ?? 'no id yet'}`;
  const { startedAt, endedAt, reason } = step;
  const facts = [
    stateOf(step),
    startedAt !== undefined && endedAt !== undefined ? `after ${duration(endedAt - startedAt)}` : '',
    tokensOf(step),
    step.usd > 0 ? usd(step.usd) : '',
  ].filter(Boolean);
  return `${step.id}: ${facts.join(', ')}${reason === undefined ? '' : `; ${reason}`}`;
}
