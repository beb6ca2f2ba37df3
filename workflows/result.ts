import { MAX_INLINE_TEXT_BYTES } from '../contract/activities';
import { finalSteps, type PlannedStep } from '../contract/graph';
import { type Ledger } from '../contract/ledger';
import { type Citation } from '../contract/outcome';
import { type PipelineResult, type StepResult } from '../contract/pipeline';
import { NO_USAGE } from '../contract/usage';
import { type Responded } from './turn';

/** Sums up a run: the final steps' text with its citations renumbered over all of them, and every step's outcome. */
export function pipelineResult(
  steps: readonly PlannedStep[],
  ends: ReadonlyMap<string, Responded>,
  ledger: Ledger,
): PipelineResult {
  const finals = finalSteps(steps).flatMap(({ id }) => ends.get(id) ?? []);
  const answered = finals.filter(({ ref }) => ref);
  const whole = steps.every(({ id }) => ends.get(id)?.ref);
  return {
    outcome: answered.length === 0 ? 'failed' : whole ? 'completed' : 'partial',
    textFrom: answered.flatMap(({ ref }) => ref?.responseId ?? []),
    ...joined(answered),
    json: answered.length === 1 ? answered[0]?.collected?.json : undefined,
    steps: Object.fromEntries(steps.map(({ id }) => [id, stepResult(ends.get(id), ledger.steps[id])])),
    ledger,
  };
}

function stepResult(end: Responded | undefined, account: Ledger['steps'][string] | undefined): StepResult {
  return {
    outcome: end?.outcome ?? 'skipped',
    reason: end?.reason,
    responseIds: end?.responseIds ?? [],
    usage: account?.usage ?? NO_USAGE,
    usd: account?.usd ?? 0,
  };
}

/** One final step: its text. Several: one section each, under the step's id. */
function joined(answered: Responded[]): Pick<PipelineResult, 'text' | 'citations'> {
  const numbers = new Map<string, number>();
  const citations: Citation[] = [];
  let text = '';
  let bytes = 0;
  for (const { id, collected } of answered) {
    if (collected?.text === undefined) return { citations: [] };
    if (answered.length > 1) text += `${text ? '\n\n' : ''}## ${id}\n\n`;
    bytes += collected.textBytes;
    for (const citation of collected.citations)
      citations.push({ ...citation, number: numberOf(citation, numbers), stepId: id, at: citation.at + text.length });
    text += collected.text;
  }
  return bytes > MAX_INLINE_TEXT_BYTES ? { citations: [] } : { text, citations };
}

/** The same source has the same number in the whole text. */
function numberOf({ url, fileId, title }: Citation, numbers: Map<string, number>): number {
  const source = url ?? fileId ?? title ?? '';
  const number = numbers.get(source) ?? numbers.size + 1;
  numbers.set(source, number);
  return number;
}
