import { z } from 'zod';

/** A terminal response as it is kept: enough to feed it into a later step. */
export const storedOutputSchema = z.strictObject({
  responseId: z.string(),
  status: z.string(),
  model: z.string(),
  output: z.array(z.looseObject({ type: z.string() })),
  /** As the provider had them; absent in outputs that an earlier version stored. */
  error: z.unknown().optional(),
  incomplete_details: z.unknown().optional(),
  usage: z.unknown().optional(),
  tool_usage: z.unknown().optional(),
});
export type StoredOutput = z.infer<typeof storedOutputSchema>;

/**
 * Where outputs and prompts live, so that history carries references only. Writes are idempotent: the same content
 * under the same key, any number of times, by any number of workers.
 */
export interface OutputStore {
  putOutput(output: StoredOutput): Promise<void>;
  /** Undefined where this store does not have it; the reader asks the provider then. */
  getOutput(responseId: string): Promise<StoredOutput | undefined>;
  /** Keeps a prompt and returns its content address; undefined where this store keeps none. */
  putPrompt(prompt: string): Promise<string | undefined>;
  getPrompt(ref: string): Promise<string | undefined>;
}
