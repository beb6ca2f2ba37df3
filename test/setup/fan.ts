import { type PipelineInput } from '../../client';

const TOPICS = ['Paxos', 'Raft', 'Zab', 'leases', 'quorums', 'gossip', 'vector clocks', 'CRDTs', 'sagas', 'locks'];
export const PARTS = TOPICS.map((_, i) => `part-${i + 1}`);

/** Twelve steps: a plan, ten that see it side by side, and an answer that sees those. */
export const FAN: PipelineInput = {
  defaults: { maxOutputTokens: 600, deadline: '1h' },
  steps: [
    { id: 'plan', prompt: 'Plan a page on consensus.' },
    ...TOPICS.map((topic, i) => ({
      id: PARTS[i] ?? '',
      prompt: `Explain ${topic}.`,
      context: { strategy: 'stateless' as const, from: ['plan'] },
    })),
    {
      id: 'answer',
      prompt: 'Write it down.',
      context: { strategy: 'stateless', from: PARTS, select: 'text' },
      onMissing: 'note',
    },
  ],
};
