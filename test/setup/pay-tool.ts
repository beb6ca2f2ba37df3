import { z } from 'zod';
import { defineTool, type Tool } from '../../tools';

/** What a test changes of the tool. */
export interface PayToolOptions {
  /** Told of each call, by its idempotency key. */
  onPaid?: (idempotencyKey: string) => void;
  /** Default true. */
  idempotent?: boolean;
}

/** A tool `pay` that needs a person's approval. */
export function payTool({ onPaid, idempotent }: PayToolOptions = {}): Tool {
  return defineTool({
    name: 'pay',
    description: 'Pays a bill.',
    parameters: z.object({ amount: z.number() }),
    needsApproval: true,
    idempotent,
    execute: ({ amount }, { idempotencyKey }) => {
      onPaid?.(idempotencyKey);
      return `paid ${amount}`;
    },
  });
}
