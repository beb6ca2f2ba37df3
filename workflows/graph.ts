import { type PlannedStep } from '../contract/graph';
import { type Responded } from './turn';

type RunStep = (step: PlannedStep, earlier: ReadonlyMap<string, Responded>) => Promise<Responded>;

/**
 * Runs every step as soon as the steps it needs have ended, at most `maxParallel` at once, and waits for all of them:
 * also when one throws, so that a cancelled run ends only after each of its steps has cleaned up behind itself.
 */
export async function runGraph(
  steps: readonly PlannedStep[],
  maxParallel: number,
  runStep: RunStep,
): Promise<Map<string, Responded>> {
  const ended = new Map<string, Responded>();
  const waiting = new Set(steps);
  const thrown: unknown[] = [];
  await new Promise<void>((resolve) => {
    let running = 0;
    const startReady = (): void => {
      for (const step of waiting) {
        if (running === maxParallel || thrown.length > 0) break;
        if (!step.needs.every((id) => ended.has(id))) continue;
        waiting.delete(step);
        running += 1;
        void runStep(step, ended)
          .then((end) => ended.set(step.id, end))
          .catch((error: unknown) => thrown.push(error))
          .finally(() => {
            running -= 1;
            startReady();
          });
      }
      if (running === 0) resolve();
    };
    startReady();
  });
  if (thrown.length > 0) throw thrown[0];
  return ended;
}
