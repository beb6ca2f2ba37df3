import type { ScriptInput } from './schema';

/** What a script still waits for, and what came that it did not. */
export interface ScriptReport {
  readonly steps: number;
  readonly used: number;
  /** The steps that no create has met: place from 1, and the name where it has one. */
  readonly left: readonly { readonly step: number; readonly name: string | null }[];
  /** Creates that were refused, oldest first; `at` is in seconds since the epoch. */
  readonly unexpected: readonly { readonly at: number; readonly message: string }[];
}

/** Scripted mode from inside the process that runs the emulator. */
export interface ScriptControl {
  /** Puts a script in force, from its first step. Throws a `ZodError` for one that is not written as it must be. */
  set(script: ScriptInput): Promise<void>;
  /** Ends the script; creates are answered as without one. */
  clear(): Promise<void>;
  /** What is left and what was unexpected, or null without a script. */
  report(): Promise<ScriptReport | null>;
  /** Throws an `Error` that tells every unexpected create and every step that is left; also where there is no script. */
  verify(): Promise<void>;
}
