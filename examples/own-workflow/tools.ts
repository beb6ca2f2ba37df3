import { defineTool } from 'durable-research/tools';
import { z } from 'zod';

const TERMS: Record<string, string> = {
  lease: 'A lock that ends by itself at a stated time, whatever became of its holder.',
  quorum: 'Any set of nodes that shares a node with every other such set.',
};

export const lookUpTerm = defineTool({
  name: 'look_up_term',
  description: 'How this company defines a technical term.',
  parameters: z.object({ term: z.string().describe('the term, in the singular') }),
  execute: ({ term }) => TERMS[term.toLowerCase()] ?? `not defined; defined are: ${Object.keys(TERMS).join(', ')}`,
});
