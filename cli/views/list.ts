import { type WorkflowExecutionInfo } from '@temporalio/client';
import { dateTime, duration } from '../text/format';
import { type Look, type Style } from '../text/style';
import { type Cell, table } from '../text/table';
import { oneLine } from '../text/width';

/** A run as `list` shows it. */
export interface ListedRun {
  workflowId: string;
  status: string;
  startedAt: string;
  closedAt?: string;
  summary: string;
}

/** A run as Temporal lists it, with the summary that only its description has. */
export function listedRun(info: WorkflowExecutionInfo, summary: string): ListedRun {
  const { workflowId, status, startTime, closeTime } = info;
  return {
    workflowId,
    status: status.name.toLowerCase().replaceAll('_', ' '),
    startedAt: startTime.toISOString(),
    closedAt: closeTime?.toISOString(),
    summary,
  };
}

const LOOKS: Partial<Record<string, Look>> = { running: 'active', completed: 'good', failed: 'bad', cancelled: 'warn' };

/** A table of runs under a heading. */
export function listLines(runs: readonly ListedRun[], width: number, style: Style, now: number): string[] {
  const heading = ['run', 'status', 'started', 'took', 'summary'].map((text): Cell => ({ text, look: 'quiet' }));
  const rows = runs.map(({ workflowId, status, startedAt, closedAt, summary }): Cell[] => {
    const started = new Date(startedAt);
    const until = closedAt === undefined ? now : Date.parse(closedAt);
    return [
      { text: workflowId },
      { text: status, look: LOOKS[status] ?? 'warn' },
      { text: dateTime(started) },
      { text: duration(until - started.getTime()) },
      { text: oneLine(summary), look: 'quiet' },
    ];
  });
  const columns = [{ min: 14 }, {}, { drop: 3 }, { align: 'right', drop: 2 }, { min: 12, drop: 4 }] as const;
  return table([heading, ...rows], { columns, width, style });
}
