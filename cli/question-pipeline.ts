import { type PipelineInput } from '../contract/pipeline';

const PLAN = `You plan research. Read the question below and split it into exactly three smaller questions whose answers together
answer it. Each must make sense on its own, name its subject in full, and be answerable from sources. Put the one that
decides most first. Do not answer them.

Question: {{input.question}}`;

const INVESTIGATE = `Answer the smaller question below from sources you look up; it is one part of a larger question. State what is
established, with the exact terms, numbers and dates that the sources give, and cite the source of every statement. Where
sources disagree, or do not say, state that. No introduction and no summary: findings only.

Larger question: {{input.question}}

Smaller question: `;

const ANSWER = `Answer the question below for a reader who knows the field but not this question. Begin with the answer itself in two
or three sentences, then give what it rests on. Use the findings below, look up again what decides the answer, and cite the
source of every statement. Where findings contradict each other or something could not be found, say so openly. Do not
mention the findings, the steps or yourself.

Question: {{input.question}}

Findings, first part:
{{steps.investigate-1.text}}

Findings, second part:
{{steps.investigate-2.text}}

Findings, third part:
{{steps.investigate-3.text}}`;

/** Fields instead of a list: a list of two would leave the third step without a question. */
const PLAN_FORMAT = {
  type: 'object',
  properties: { first: { type: 'string' }, second: { type: 'string' }, third: { type: 'string' } },
  required: ['first', 'second', 'third'],
  additionalProperties: false,
};

/**
 * The pipeline that answers a bare question: a plan, three investigations side by side, an answer. Every step that looks
 * something up gets `tools`; outputs are bounded so that the worst price of a run is known.
 */
export function questionPipeline(
  question: string,
  tools: NonNullable<PipelineInput['defaults']>['tools'],
): PipelineInput {
  const investigate = (number: 1 | 2 | 3, field: 'first' | 'second' | 'third'): PipelineInput['steps'][number] => ({
    id: `investigate-${number}`,
    prompt: `${INVESTIGATE}{{steps.plan.json.${field}}}`,
    tools,
    maxOutputTokens: 16_000,
  });
  return {
    input: { question },
    steps: [
      { id: 'plan', prompt: PLAN, format: PLAN_FORMAT, maxOutputTokens: 8_000 },
      investigate(1, 'first'),
      investigate(2, 'second'),
      investigate(3, 'third'),
      // One failed investigation makes a poorer answer, not none.
      { id: 'answer', prompt: ANSWER, tools, onMissing: 'note', maxOutputTokens: 32_000 },
    ],
  };
}
