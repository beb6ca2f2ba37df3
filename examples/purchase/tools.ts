import { defineTool } from 'durable-research/tools';
import { z } from 'zod';
import { placeOrder } from './shop';

/** Nothing is bought before a person has approved it, and nothing twice, whatever is killed. */
export const buy = defineTool({
  name: 'buy',
  description: 'Buys an article in the shop.',
  parameters: z.object({
    article: z.string().describe('name of the article'),
    quantity: z.int().min(1).max(20).describe('how many to buy'),
  }),
  needsApproval: true,
  // The key is the same in every attempt of this call: what makes one purchase of two requests is the shop.
  execute: (args, { idempotencyKey }) => placeOrder(idempotencyKey, args),
});
