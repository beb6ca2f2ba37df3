import type { PipelineInput } from 'durable-research';

/** The same order gives the same input: under an id that exists, another one is refused. */
export function pipelineFor(order: string): PipelineInput {
  return {
    input: { order },
    defaults: { approval: { within: '1d' } },
    budget: { usd: 1, onExhausted: 'stop' },
    steps: [
      { id: 'order', prompt: '{{input.order}}', tools: ['buy'] },
      { id: 'mail', prompt: 'Write a mail of two sentences to the team that says what was bought, or why not.' },
    ],
  };
}
