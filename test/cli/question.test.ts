import { finalSteps } from '../../contract/graph';
import { planPipeline } from '../../contract/pipeline';
import { questionPipeline } from '../../cli/question-pipeline';
import { withFileSearch } from '../../cli/with-files';

describe('a bare question', () => {
  const question = 'How does {{steps.plan.text}} differ from Paxos?';
  const { steps, input } = planPipeline(questionPipeline(question, [{ type: 'web_search' }]));

  test('becomes a plan, three investigations side by side, and one answer', () => {
    expect(steps.map(({ id, needs }) => [id, needs])).toEqual([
      ['plan', []],
      ['investigate-1', ['plan']],
      ['investigate-2', ['plan']],
      ['investigate-3', ['plan']],
      ['answer', ['investigate-1', 'investigate-2', 'investigate-3']],
    ]);
    expect(finalSteps(steps).map(({ id }) => id)).toEqual(['answer']);
  });

  test('is never taken for a template itself', () => {
    expect(input.input).toEqual({ question });
    expect(steps.every(({ prompt }) => !prompt.includes(question))).toBe(true);
  });

  test('bounds what every step may cost', () => {
    expect(steps.every(({ maxOutputTokens }) => maxOutputTokens !== undefined)).toBe(true);
  });

  test('looks things up in every step but the plan', () => {
    expect(steps.filter(({ tools }) => !tools).map(({ id }) => id)).toEqual(['plan']);
  });
});

describe('files', () => {
  const search = { type: 'file_search', vector_store_ids: ['vs_1'] };

  test('are searched by every step, beside the tools it has', () => {
    const own = { type: 'file_search' as const, vector_store_ids: ['vs_own'], max_num_results: 3 };
    const { steps } = withFileSearch(
      {
        defaults: { tools: [{ type: 'web_search' }] },
        steps: [
          { id: 'a', prompt: 'A' },
          { id: 'b', prompt: 'B', tools: [] },
          { id: 'c', prompt: 'C', tools: [own] },
        ],
      },
      'vs_1',
    );
    expect(steps.map(({ tools }) => tools)).toEqual([
      [{ type: 'web_search' }, search],
      [search],
      [{ ...own, vector_store_ids: ['vs_own', 'vs_1'] }],
    ]);
  });
});
