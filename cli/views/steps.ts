import { type StepProgress } from '../../contract/progress';
import { count, duration, usd } from '../text/format';
import { type Look, type Style } from '../text/style';
import { type Cell, type Column, table } from '../text/table';
import { oneLine } from '../text/width';

/** What rows of steps are drawn for. */
export interface Drawing {
  /** Columns of the terminal. */
  width: number;
  style: Style;
  /** Milliseconds since 1970; elapsed times of open steps end here. */
  now: number;
}

const COLUMNS: readonly Column[] = [
  {},
  { min: 12 },
  { drop: 2 },
  { align: 'right', drop: 1 },
  { align: 'right', drop: 4 },
  { align: 'right', drop: 3 },
  { min: 10, drop: 5 },
];

/** One aligned line a step: mark, id, state, elapsed, tokens, cost, and what it said or why it did not. */
export function stepLines(steps: readonly StepProgress[], { width, style, now }: Drawing): string[] {
  const rows = steps.map((step): Cell[] => {
    const look = lookOf(step);
    const started = step.startedAt !== undefined;
    return [
      { text: MARKS[look], look },
      { text: step.id, look: look === 'quiet' ? 'quiet' : undefined },
      { text: stateOf(step), look },
      { text: started ? duration(elapsedMs(step, now)) : '' },
      { text: tokensOf(step) },
      { text: step.usd > 0 ? usd(step.usd) : '' },
      { text: noteOf(step), look: look === 'bad' || look === 'warn' ? look : 'quiet' },
    ];
  });
  return table(rows, { columns: COLUMNS, width, style });
}

const MARKS: Record<Look, string> = { good: '✓', bad: '✗', warn: '!', active: '●', quiet: '·', strong: '·' };

/** How a step looks: its state at a glance. */
export function lookOf({ state, outcome }: Pick<StepProgress, 'state' | 'outcome'>): Look {
  if (state === 'waiting') return 'quiet';
  if (state !== 'ended') return 'active';
  if (outcome === 'completed') return 'good';
  return outcome === 'failed' ? 'bad' : 'warn';
}

/** `waiting`, `in progress`, or how it ended. */
export function stateOf({ state, outcome }: Pick<StepProgress, 'state' | 'outcome'>): string {
  return outcome ?? state.replace('_', ' ');
}

/** `1,204 tokens`, or nothing before there are any. */
export function tokensOf({ usage }: Pick<StepProgress, 'usage'>): string {
  const tokens = usage.input + usage.output;
  return tokens > 0 ? `${count(tokens)} tokens` : '';
}

function elapsedMs({ startedAt = 0, endedAt }: StepProgress, now: number): number {
  return (endedAt ?? now) - startedAt;
}

function noteOf({ reason, preview, state, responseId, creates, doing, resumable }: StepProgress): string {
  if (reason !== undefined) return oneLine(reason);
  if (state === 'ended') return oneLine(preview ?? '');
  const foreground = resumable === false ? 'not resumable, ' : '';
  const again = `${foreground}${creates > 1 ? `create ${creates}, ` : ''}`;
  if (doing !== undefined) return `${again}${doing}`;
  return responseId === undefined ? '' : `${again}${responseId}`;
}

/**
 * The steps worth a row where there are fewer rows than steps, in the order of the pipeline: what is at work, what went
 * wrong, what ended last, what comes next.
 */
export function chooseSteps(steps: readonly StepProgress[], rows: number): StepProgress[] {
  if (steps.length <= rows) return [...steps];
  const ended = steps.filter(({ state }) => state === 'ended').toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
  const byUrgency = [
    ...steps.filter(({ state }) => state === 'in_progress' || state === 'creating'),
    ...ended.filter(({ outcome }) => outcome === 'failed'),
    ...steps.filter(({ state }) => state === 'waiting').slice(0, 2),
    ...ended.filter(({ outcome }) => outcome !== 'failed'),
    ...steps.filter(({ state }) => state === 'waiting').slice(2),
  ];
  const chosen = new Set(byUrgency.slice(0, rows));
  return steps.filter((step) => chosen.has(step));
}

/** What the rows that are not shown would say: `412 completed, 60 waiting`. */
export function hiddenText(steps: readonly StepProgress[], shown: readonly StepProgress[]): string | undefined {
  const visible = new Set(shown);
  const states = new Map<string, number>();
  for (const step of steps) {
    if (!visible.has(step)) states.set(stateOf(step), (states.get(stateOf(step)) ?? 0) + 1);
  }
  if (states.size === 0) return undefined;
  return `and ${[...states].map(([state, number]) => `${count(number)} ${state}`).join(', ')}`;
}
