import { type StepProgress } from '../contract/progress';
import { type Board } from './board';

/** Rows in the table of Temporal's UI; steps that are at work come first. */
const MAX_ROWS = 40;
/** Questions above it. */
const MAX_ASKED = 10;
const STATE_TEXT = { waiting: 'waiting', creating: 'creating', in_progress: 'in progress', ended: 'ended' } as const;

/** The run as markdown, for `currentDetails` in Temporal's UI and `temporal workflow metadata`. */
export function details(board: Board): string {
  const rows = board.all();
  const ended = rows.filter(({ state }) => state === 'ended').length;
  const usd = rows.reduce((sum, row) => sum + row.usd, 0);
  const shown = rows.toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_ROWS);
  const more = rows.length > shown.length ? [`… and ${rows.length - shown.length} more`] : [];
  const { spending, pausedFor, asked } = board;
  const cap = spending?.usd === undefined ? '' : ` of $${spending.usd}`;
  return [
    `**${ended} of ${rows.length} steps ended**, $${usd.toFixed(4)}${cap}`,
    '',
    ...(pausedFor === undefined ? [] : [`**paused**: ${pausedFor}`, '']),
    ...asked.slice(0, MAX_ASKED).map(({ id, question }) => `**waits for a person**: ${question} (\`${id}\`)\n`),
    '| step | state | tokens | USD |',
    '|---|---|---:|---:|',
    ...shown.map(line),
    ...more,
  ].join('\n');
}

function rank({ state }: StepProgress): number {
  return ['in_progress', 'creating', 'ended', 'waiting'].indexOf(state);
}

function line({ id, state, outcome, usage, usd, responseId }: StepProgress): string {
  const where = outcome ?? `${STATE_TEXT[state]}${responseId ? ` \`${responseId.slice(0, 16)}…\`` : ''}`;
  return `| ${id} | ${where} | ${usage.input + usage.output} | ${usd.toFixed(4)} |`;
}
