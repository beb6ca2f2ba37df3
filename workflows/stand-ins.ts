import { type EndedStep } from '../contract/carry';
import { type PlannedStep, shareConversation } from '../contract/graph';

type Graph = { steps: readonly PlannedStep[]; ended: ReadonlyMap<string, EndedStep> };

/**
 * What a final step sees in the place of steps that have no output, where a run is finished early: the nearest steps
 * before them that have one, in the order of the pipeline. Nothing that it sees already.
 */
export function standIns(step: PlannedStep, { steps, ended }: Graph): EndedStep[] {
  const byId = new Map(steps.map((one) => [one.id, one]));
  const seen = new Set<string>();
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    if (!ended.get(id)?.ref) for (const need of byId.get(id)?.needs ?? []) visit(need);
  };
  for (const id of contentNeeds(step)) visit(id);
  const isNew = (one: PlannedStep): boolean =>
    seen.has(one.id) && !step.needs.includes(one.id) && !shareConversation(step, one);
  return steps.filter(isNew).flatMap(({ id }) => {
    const end = ended.get(id);
    return end?.ref ? [end] : [];
  });
}

/** Whether nothing is there of what a step was to work on: an answer to that would be made up. */
export function hasNothing(step: PlannedStep, { ended }: Pick<Graph, 'ended'>, instead: readonly EndedStep[]): boolean {
  const needs = contentNeeds(step);
  return needs.length > 0 && instead.length === 0 && needs.every((id) => !ended.get(id)?.ref);
}

/** Steps whose outputs a step is given, in its context or in its prompt. */
function contentNeeds({ contextFrom, parts }: PlannedStep): string[] {
  return [...contextFrom, ...parts.flatMap((part) => (part.kind === 'step' ? [part.stepId] : []))];
}
