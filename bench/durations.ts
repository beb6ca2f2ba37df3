/** A step's id carries the duration of its response, since the engine has no field for what only an emulator obeys. */
const STEP_ID = /^step-\d+-(\d+)ms$/;

/** Id of a step whose response takes so long. */
export function stepId(index: number, ms: number): string {
  return `step-${index}-${ms}ms`;
}

/** The metadata by which the emulator gives a response its duration; none for other ids. */
export function durationMetadata(id: string): Record<string, string> {
  const ms = STEP_ID.exec(id)?.[1];
  return ms === undefined ? {} : { emulator_seconds: String(Number(ms) / 1000) };
}

/** Durations around a length: spread over the two seconds between two polls of the plain loop, or it would be in step. */
export function spreadAround(seconds: number, count: number): number[] {
  return Array.from({ length: count }, () => Math.round(seconds * 1000 + (Math.random() - 0.5) * 2_000));
}
