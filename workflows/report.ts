import { log, proxySinks, workflowInfo } from '@temporalio/workflow';
import { type CallToolInput, type Created, type ToolCalled } from '../contract/activities';
import { type Collected } from '../contract/outcome';
import { type RunSpan, type RunSpanSinks } from '../contract/spans';
import { type Usage } from '../contract/usage';
import { countAmbiguous, countCreate, countStep, countWait } from './metrics';
import { type Run } from './run';
import { numberOf, type Responded, type Turn } from './turn';

/**
 * What operators see of a run: metrics, lines of the log and spans, all three at the end of a create, a wait, a step and
 * the run. Nothing of it is in history, and replay is silent. Never a message of a failure, nor a text of anybody.
 */
const { durableResearch } = proxySinks<RunSpanSinks>();

type Times = { startedAt: number };
type Told = Omit<RunSpan, 'endedAt'>;

/**
 * Tells the worker of a span that ends now. A sink call is no command: it leaves no trace in history. Only where the
 * record asks for it: a worker without the sink would log an error for every call.
 */
function tell({ record }: Run, span: Told): void {
  if (!record.traces || workflowInfo().unsafe.isReplaying) return;
  durableResearch.spanEnded({ ...span, endedAt: Date.now() });
}

const RUN = 'run';

function stepSpan(stepId: string): string {
  return `step/${stepId}`;
}

/** A create that was answered: with the id of a response, or in another way. */
export function reportCreate(ofTurn: Turn, model: string, answer: Times & AnsweredCreate): void {
  const { run, step, creates } = ofTurn;
  const turn = numberOf(ofTurn);
  const { startedAt, created, failure } = answer;
  const responseId = created?.responseId;
  const line = { stepId: step.id, turn, create: creates, model, responseId, failure };
  if (created) countCreate(model, startedAt);
  if (failure === 'CreateAmbiguous') {
    countAmbiguous();
    log.warn('the answer of a create was lost; it may have been billed', line);
  } else log.debug('create ended', line);
  tell(run, {
    id: `create/${step.id}/${turn}/${creates}/${responseId ?? ''}`,
    parent: stepSpan(step.id),
    name: 'create',
    client: true,
    startedAt,
    failure,
    attributes: {
      'gen_ai.request.model': model,
      ...(responseId !== undefined && { 'gen_ai.response.id': responseId }),
      'durable_research.step': step.id,
      'durable_research.turn': turn,
      'durable_research.create': creates,
      'durable_research.ambiguous_creates': failure === 'CreateAmbiguous' ? 1 : 0,
    },
  });
}

type AnsweredCreate = { created?: Created; failure?: string };

/** The wait for a response that has ended, or that was given up. */
export function reportWait({ run, step }: Turn, responseId: string, ended: Times & EndedWait): void {
  const { startedAt, collected, usd } = ended;
  const { usage, status, announcedBy } = collected ?? {};
  const failure = ended.failure ?? collected?.failure?.type;
  const waitedMs = Date.now() - startedAt;
  if (collected) countWait(collected, startedAt);
  log.debug('wait ended', { stepId: step.id, responseId, status, announcedBy, waitedMs, usd, failure });
  tell(run, {
    id: `wait/${responseId}`,
    parent: stepSpan(step.id),
    name: 'wait',
    client: true,
    startedAt,
    failure,
    attributes: {
      'gen_ai.response.id': responseId,
      'durable_research.step': step.id,
      'durable_research.waited_ms': waitedMs,
      ...(collected && {
        'gen_ai.response.model': collected.model,
      }),
      ...(status && { 'durable_research.status': status }),
      ...(announcedBy && { 'durable_research.announced_by': announcedBy }),
      // By these names backends add up what was used, so they stand at the response alone.
      ...(usage && { 'gen_ai.usage.input_tokens': usage.input, 'gen_ai.usage.output_tokens': usage.output }),
      ...(usd !== undefined && { 'durable_research.usd': usd }),
    },
  });
}

type EndedWait = { collected?: Collected; failure?: string; usd?: number };

/** An attempt to call a tool that has ended. */
export function reportCall({ run, step }: Turn, { name, turn, callId }: CallToolInput, call: Times & EndedCall): void {
  const { startedAt, ended, failure } = call;
  log.debug('tool call ended', { stepId: step.id, turn, callId, tool: name, ended, failure });
  tell(run, {
    id: `tool/${step.id}/${turn}/${callId}/${startedAt}`,
    parent: stepSpan(step.id),
    name: `tool ${name}`,
    client: true,
    startedAt,
    failure: failure ?? (ended === 'ok' ? undefined : ended),
    attributes: {
      'gen_ai.tool.name': name,
      'gen_ai.tool.call.id': callId,
      'durable_research.step': step.id,
      'durable_research.turn': turn,
    },
  });
}

type EndedCall = { ended?: ToolCalled['ended']; failure?: string };

/** A step that has ended. */
export function reportStep(run: Run, stepId: string, ended: Times & EndedStep): void {
  const { collected, outcome } = ended;
  const failure = ended.failure?.type;
  const { usage, usd, creates } = run.ledger.account(stepId);
  countStep(outcome);
  log.info('step ended', { stepId, responseId: collected?.responseId, outcome, failure, creates, usd });
  tell(run, {
    id: stepSpan(stepId),
    parent: RUN,
    name: `step ${stepId}`,
    client: false,
    startedAt: ended.startedAt,
    failure,
    attributes: {
      'durable_research.step': stepId,
      'durable_research.outcome': outcome,
      'durable_research.creates': creates,
      'durable_research.ambiguous_creates': run.ledger.ambiguousCreates(stepId),
      ...(collected && { 'gen_ai.response.model': collected.model, 'gen_ai.response.id': collected.responseId }),
      ...spent(usage, usd),
    },
  });
}

type EndedStep = Pick<Responded, 'outcome' | 'failure' | 'collected'>;

/** The run itself, at its end. */
export function reportRun(run: Run, outcome: string, failure?: string): void {
  const { usage, usd, creates } = run.ledger.total();
  log.info('run ended', { outcome, failure, creates, usd });
  tell(run, {
    id: RUN,
    name: workflowInfo().workflowType,
    client: false,
    startedAt: workflowInfo().startTime.getTime(),
    failure,
    attributes: {
      'durable_research.outcome': outcome,
      'durable_research.creates': creates,
      'durable_research.ambiguous_creates': run.ledger.ambiguousCreates(),
      ...spent(usage, usd),
    },
  });
}

function spent(usage: Usage, usd: number): Record<string, number> {
  const tokens = Object.entries(usage).map(([kind, count]): [string, number] => [
    `durable_research.tokens.${kind}`,
    count,
  ]);
  return { ...Object.fromEntries(tokens), 'durable_research.usd': usd };
}
