import { MAX_INLINE_TEXT_BYTES, type FinalText } from '../contract/activities';
import { type EndedStep } from '../contract/carry';
import { finalSteps, type PlannedStep } from '../contract/graph';
import { type Ledger } from '../contract/ledger';
import { type PipelineResult, type StepResult } from '../contract/pipeline';
import { type StepProgress } from '../contract/progress';
import { NO_USAGE } from '../contract/usage';
import { quick } from './activities';
import { failureOf, runFailure } from './failures';
import { type Run } from './run';

/** Sums up a run: the final steps' text, and every step's outcome. */
export async function pipelineResult(
  run: Run,
  steps: readonly PlannedStep[],
  ends: ReadonlyMap<string, EndedStep>,
): Promise<PipelineResult> {
  const finals = finalSteps(steps);
  const answered = finals.flatMap(({ id }) => ends.get(id) ?? []).filter(({ ref }) => ref);
  const whole = steps.every(({ id }) => ends.get(id)?.ref);
  const ledger = run.ledger.snapshot();
  const result: PipelineResult = {
    outcome: answered.length === 0 ? 'failed' : whole ? 'completed' : 'partial',
    textFrom: answered.flatMap(({ ref }) => ref?.responseId ?? []),
    citations: [],
    json: answered.length === 1 ? answered[0]?.collected?.json : undefined,
    steps: Object.fromEntries(
      steps.map(({ id }) => [id, stepResult(ends.get(id), { account: ledger.steps[id], row: run.board.row(id) })]),
    ),
    ledger,
  };
  try {
    // Where one of several texts is not to be in history, none is: a part would pass for the whole.
    return finals.some(({ id, redact }) => redact && ends.get(id)?.ref)
      ? result
      : { ...result, ...(await readText(run, answered)) };
  } catch (error) {
    throw unreadable(error, result);
  }
}

/** Everything is done and paid, but nobody has the final text any more: the account and the ids go along. */
function unreadable(error: unknown, result: PipelineResult): unknown {
  const failure = failureOf(error);
  if (!failure) return error;
  const failed: PipelineResult = { ...result, outcome: 'failed' };
  return runFailure(failure.type, `the text of the final steps cannot be read: ${failure.message}`, [failed]);
}

/** The bytes come in once, at the end: history carries references until then. */
async function readText(
  { record }: Run,
  answered: readonly EndedStep[],
): Promise<Pick<FinalText, 'text' | 'citations'>> {
  const sources = answered.flatMap(({ ref }) => (ref ? [{ stepId: ref.stepId, responseId: ref.responseId }] : []));
  if (sources.length === 0) return { citations: [] };
  const reading = quick(`text of ${sources.map(({ stepId }) => stepId).join(', ')}`.slice(0, MAX_SUMMARY_CHARS));
  const { text, citations } = await reading['durableResearch.readText']({
    origin: record.origin,
    sources,
    maxBytes: MAX_INLINE_TEXT_BYTES,
  });
  return { text, citations };
}

const MAX_SUMMARY_CHARS = 100;

type Known = { account: Ledger['steps'][string] | undefined; row: StepProgress | undefined };

function stepResult(end: EndedStep | undefined, { account, row }: Known): StepResult {
  return {
    outcome: end?.outcome ?? 'skipped',
    reason: end?.reason,
    responseIds: end?.responseIds ?? [],
    usage: account?.usage ?? NO_USAGE,
    usd: account?.usd ?? 0,
    resumable: row?.resumable,
  };
}
