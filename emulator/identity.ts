/** What the emulator calls itself, wherever it introduces itself: it is not a language model. */
export const EMULATOR_NAME = 'durable-research offline extractive model';

const METADATA_MAX_PAIRS = 16;

/** A response's metadata: the client's, and what answered it where there is room for one more pair. */
export function withIdentity(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const full = Object.keys(metadata).length >= METADATA_MAX_PAIRS;
  return full ? { ...metadata } : { ...metadata, emulator: EMULATOR_NAME };
}
