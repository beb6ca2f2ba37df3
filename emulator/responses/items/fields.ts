import { z } from 'zod';
import { toolSchema } from '../tool-schemas';

/** How far an item is. */
export const itemStatus = z.enum(['in_progress', 'completed', 'incomplete']);
/** The id of an item. */
export const id = z.string().min(1).max(256);
/** What pairs a call with its output. */
export const callId = z.string().min(1).max(64);
/** The name of a function or tool. */
export const name = z.string().min(1).max(128);
/** Who called a tool. */
export const caller = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('direct') }),
    z.strictObject({ type: z.literal('program'), caller_id: z.string() }),
  ])
  .nullish();

/** Tools that an item carries, without their credentials. */
export const tools = z.array(toolSchema);
