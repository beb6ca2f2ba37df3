import { z } from 'zod';

/** An item of `output` or `input`, as the API has it. Only its `type` is known to every item. */
export const itemSchema = z.looseObject({ type: z.string() });
export type Item = z.infer<typeof itemSchema>;
