import { type OutputStore } from './port';

/**
 * Keeps nothing: the provider itself is the store. It keeps a response for 30 days, in some data modes for about
 * 10 minutes; a run whose steps lie further apart needs a store of its own.
 */
export const providerStore: OutputStore = {
  putOutput: () => Promise.resolve(),
  getOutput: () => Promise.resolve(undefined),
  putPrompt: () => Promise.resolve(undefined),
  getPrompt: () => Promise.resolve(undefined),
};
