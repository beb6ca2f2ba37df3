import { type PipelineInput } from '../contract/pipeline';
import { type HostedTool } from '../contract/step';

const PLAN = `You plan research. Split the user's question into exactly three smaller questions whose answers together answer
it. Each must make sense on its own, name its subject in full and be answerable from sources. Put the one that decides most
first. Do not answer them.`;

const INVESTIGATE = `You are one of several researchers; the user's question is one part of a larger one. Answer it from sources that
you look up. State what is established, with the exact terms, numbers and dates that the sources give, and cite the source of
every statement. Where sources disagree, or do not say, state that. No introduction and no summary: findings only.`;

const ANSWER = `You write the answer for a reader who knows the field but not this question. The messages before the last are
findings on parts of it. Begin with the answer itself in two or three sentences, then give what it rests on. Look up again
what decides the answer, and cite the source of every statement. Where findings contradict each other or something could not
be found, say so openly. Do not mention the findings, other researchers or yourself.`;

/** Three, no more and no fewer: each of them has a step. */
const PLAN_FORMAT = {
  type: 'object',
  properties: {
    questions: {
      type: 'array',
      minItems: 3,
      maxItems: 3,
      items: { type: 'string', description: 'One smaller question, in one sentence.' },
    },
  },
  required: ['questions'],
  additionalProperties: false,
};

/**
 * The pipeline that answers a bare question: a plan, three investigations side by side, an answer. The steps that look
 * something up get `tools`; outputs are bounded so that the worst price of a run is known.
 */
export function questionPipeline(question: string, tools: HostedTool[]): PipelineInput {
  const investigate = (index: 0 | 1 | 2): PipelineInput['steps'][number] => ({
    id: `investigate-${index + 1}`,
    instructions: INVESTIGATE,
    prompt: `{{steps.plan.json.questions.${index}}}`,
    tools,
    maxOutputTokens: 16_000,
  });
  const investigations = [investigate(0), investigate(1), investigate(2)];
  return {
    input: { question },
    steps: [
      {
        id: 'plan',
        instructions: PLAN,
        prompt: '{{input.question}}',
        format: PLAN_FORMAT,
        maxOutputTokens: 8_000,
      },
      ...investigations,
      {
        id: 'answer',
        instructions: ANSWER,
        prompt: '{{input.question}}',
        context: { strategy: 'stateless', from: investigations.map(({ id }) => id), select: 'messages' },
        tools,
        // One failed investigation makes a poorer answer, not none.
        onMissing: 'note',
        maxOutputTokens: 32_000,
      },
    ],
  };
}
