import { LRUCache } from 'lru-cache';
import { type OutputStore, type StoredOutput } from './port';

/** Characters of prompts and outputs that one process keeps at hand. */
const MAX_CHARS = 16_000_000;

/**
 * A store that keeps at hand what this process has just written: the step that follows reads it next, mostly here. Only
 * what never changes: prompts have their content as name, and of outputs the completed ones are final.
 */
export function remember(store: OutputStore, maxChars = MAX_CHARS): OutputStore {
  const prompts = new LRUCache<string, string>({ maxSize: maxChars });
  const outputs = new LRUCache<string, StoredOutput>({ maxSize: maxChars });
  return {
    async putOutput(output) {
      await store.putOutput(output);
      if (output.status !== 'completed' || output.output.length === 0) return;
      outputs.set(output.responseId, output, { size: JSON.stringify(output.output).length });
    },
    getOutput: async (responseId) => outputs.get(responseId) ?? store.getOutput(responseId),
    async putPrompt(prompt) {
      const ref = await store.putPrompt(prompt);
      if (ref !== undefined) prompts.set(ref, prompt, { size: prompt.length + ref.length });
      return ref;
    },
    getPrompt: async (ref) => prompts.get(ref) ?? store.getPrompt(ref),
  };
}
