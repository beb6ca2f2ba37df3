import { type WorkflowExecutionDescription } from '@temporalio/client';
import { type HeldBack, heldBackText } from '../../client';
import { type Ledger } from '../../contract/ledger';
import { type PipelineResult } from '../../contract/pipeline';
import { type StepProgress } from '../../contract/progress';
import { type Steering } from '../../contract/steering';
import { invocation } from '../invocation';
import { dateTime, duration } from '../text/format';

import { type Style } from '../text/style';
import { oneLine, truncate } from '../text/width';
import { pausedText } from './budget';
import { type WholeProgress } from '../whole-progress';
import { waitingText } from './approvals';

/** What one look at a run found. */
export interface RunStatus {
  workflowId: string;
  status: string;
  taskQueue: string;
  startedAt: string;
  closedAt?: string;
  /** False where the worker did not answer: then only Temporal's own record is known. */
  answered: boolean;
  progress?: WholeProgress;
  ledger?: Ledger;
  /** Why activities are being tried again. */
  troubles: string[];
  /** Steps that the provider asks for patience, each with its next try. */
  heldBack: HeldBack[];
  /** Why a run that failed did so: failure type and message. */
  failure?: string;
  /** Page in Temporal's UI. */
  url?: string;
}

/** `completed · started 2026-03-14 09:05:02 · 18 s`. */
export function headLine({ status, startedAt, closedAt }: RunStatus, now: number): string {
  const started = new Date(startedAt);
  const until = closedAt === undefined ? now : Date.parse(closedAt);
  return [status, `started ${dateTime(started)}`, duration(until - started.getTime())].join(' · ');
}

/** Temporal's word for a state, as people write it: `TIMED_OUT` is `timed out`. */
export function statusText({ status }: Pick<WorkflowExecutionDescription, 'status'>): string {
  return status.name.toLowerCase().replaceAll('_', ' ');
}

/** Whether a run has ended without having been told to: nobody has stopped its responses. */
export function leftUnstopped(status: string): boolean {
  return status === 'terminated' || status === 'timed out';
}

/** What to do about the responses of such a run. */
export function leftUnstoppedText(workflowId: string, status: string): string {
  return `${workflowId} was ended from outside (${status}), and its responses may run on and be billed. To stop them: ${invocation(`cancel --terminated ${workflowId}`)}`;
}

/** Steps of a run that has ended, from its result: a worker is not needed for it. */
export function progressFrom(result: PipelineResult): WholeProgress {
  const steps = Object.entries(result.steps).map(
    ([id, { outcome, reason, responseIds, usage, usd }]): StepProgress => ({
      id,
      state: 'ended',
      outcome,
      reason,
      responseId: responseIds.at(-1),
      creates: result.ledger.steps[id]?.creates ?? 0,
      usage,
      usd,
    }),
  );
  return {
    stage: 'ended',
    steps,
    counts: { total: steps.length, ended: steps.length, inProgress: 0 },
    usage: result.ledger.total.usage,
    usd: result.ledger.total.usd,
    simulated: result.ledger.simulated,
    waitingFor: [],
    approvals: [],
    steering: [],
    warnings: [],
  };
}

/** `steer-1 (taken up by search, write): Leave prices out.` */
function steeringText({ id, instruction, stepId, takenBy }: Steering): string {
  const whose = stepId === undefined ? '' : ` for ${stepId}`;
  const taken = takenBy.length > 0 ? `taken up by ${takenBy.join(', ')}` : 'not taken up yet';
  return `${id}${whose} (${taken}): ${oneLine(instruction)}`;
}

/** What is held back, what is wrong and what was worth a warning, one line each. */
export function concernLines(
  { workflowId, troubles, heldBack, progress, failure }: RunStatus,
  width: number,
  style: Style,
): string[] {
  const now = Date.now();
  return [
    ...(failure === undefined ? [] : [style('bad', `✗ ${failure}`)]),
    ...(progress?.approvals ?? []).map((approval) => style('warn', `? ${waitingText(workflowId, approval)}`)),
    ...(progress ? pausedText(workflowId, progress) : []).map((text) => style('warn', `! ${text}`)),
    ...(progress?.steering ?? []).map((one) => style('quiet', truncate(`· ${steeringText(one)}`, width))),
    ...heldBack.map((held) => style('quiet', truncate(`· ${heldBackText(held, now)}`, width))),
    ...[...(progress?.warnings ?? []), ...troubles].map((text) => style('warn', truncate(`! ${text}`, width))),
  ];
}
