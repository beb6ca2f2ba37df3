import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PipelineInput, pipelineInputSchema, planPipeline } from '../../contract/pipeline';
import { type StepDefaults } from '../../contract/step';
import { estimateWorstUsd } from '../../worker';

/** Small answers, and nothing that fails is paid twice. */
const CHEAP: StepDefaults = { maxOutputTokens: 4_000, retries: 0, deadline: '15m' };

const example = (strategy: string): PipelineInput => {
  const file = join(__dirname, '../../examples', `explain-compare-${strategy}.json`);
  const input = pipelineInputSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return { ...input, defaults: { ...CHEAP, ...input.defaults } };
};

/** What an uploaded file says and no model knows. */
export const FACT = { name: 'lighthouse/ledger.md', text: 'The keeper of the Varnholt light was Ottilie Quendrup.' };

/** Every pipeline of the live tests; their worst prices add up to what is stated before anything starts. */
export const PIPELINES = {
  stateless: example('stateless'),
  conversation: example('conversation'),
  previousResponse: example('previous-response'),
  structured: {
    defaults: CHEAP,
    steps: [
      {
        id: 'plan',
        prompt: 'Name the two roles of a node in {{input.topic}}.',
        format: {
          type: 'object',
          properties: { roles: { type: 'array', items: { type: 'string' } } },
          required: ['roles'],
          additionalProperties: false,
        },
      },
      { id: 'explain', prompt: 'Explain this role in one sentence: {{steps.plan.json.roles.0}}' },
    ],
    input: { topic: 'a Raft cluster without candidates' },
  },
  // The second step is sent the items of a search by a reasoning model: the hardest context to send again.
  search: {
    defaults: CHEAP,
    steps: [
      {
        id: 'search',
        prompt: 'Search the web: how does Raft elect a leader? Answer briefly.',
        tools: [{ type: 'web_search' }],
      },
      {
        id: 'sum',
        prompt: 'How does that compare to Paxos?',
        context: { strategy: 'stateless', from: ['search'], select: 'all' },
      },
    ],
  },
  cancelled: {
    defaults: CHEAP,
    steps: [{ id: 'long', prompt: 'Write a history of consensus algorithms, as long as you can.' }],
  },
  refused: { defaults: CHEAP, steps: [{ id: 'refused', prompt: 'x', model: 'gpt-no-such-model' }] },
} satisfies Record<string, PipelineInput>;

/** A question to the files of a vector store. */
export function filesPipeline(vectorStoreId: string): PipelineInput {
  const tools = [{ type: 'file_search' as const, vector_store_ids: [vectorStoreId] }];
  return { defaults: CHEAP, steps: [{ id: 'ask', prompt: 'Who was the keeper of the Varnholt light?', tools }] };
}

/** The most that all pipelines together can cost in USD, every search counted as twenty; NaN without a price. */
export async function worstUsd(env: NodeJS.ProcessEnv): Promise<number> {
  const { refused: _free, ...paid } = PIPELINES;
  let usd = 0;
  for (const input of [...Object.values(paid), filesPipeline('vs')]) {
    usd += (await estimateWorstUsd(planPipeline(input).steps, env)).usdWithRetries;
  }
  return usd;
}
