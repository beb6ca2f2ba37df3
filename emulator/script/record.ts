import type { Script } from './schema';

/** A create that the script did not expect. */
export interface Unexpected {
  /** Milliseconds on the emulator's clock. */
  readonly at: number;
  readonly message: string;
}

/** The script in force and how far it is. */
export interface ScriptRecord {
  readonly script: Script;
  /** Whether it came with the options, so that a start without it ends it. */
  readonly fromOptions: boolean;
  /** Places of the steps that have been met, in the order in which they were. */
  readonly used: readonly number[];
  readonly unexpected: readonly Unexpected[];
}
