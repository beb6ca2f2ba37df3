import { type EndedStep } from '../contract/carry';
import { type PlannedStep } from '../contract/graph';

type RunStep = (step: PlannedStep, earlier: ReadonlyMap<string, EndedStep>) => EndedStep | Promise<EndedStep>;

/** How a graph is run. */
export interface GraphOptions {
  maxParallel: number;
  /** Steps that have ended; those that end are added. */
  ended?: Map<string, EndedStep>;
  /** Steps that have begun already: they go on before any other starts. */
  begun?: ReadonlySet<string>;
  /** Resolves when no further step is to start. */
  full?: Promise<void>;
  /** Resolves when every step that is at work rests: a graph that is full ends then. */
  allRest?: () => Promise<void>;
  /** Called where it cannot, since a step has thrown and the others are to end first. */
  stay?: () => void;
}

/**
 * Runs every step as soon as the steps it needs have ended, at most `maxParallel` at once, and waits for all of them:
 * also when one throws, so that a cancelled run ends only after each of its steps has cleaned up behind itself.
 * Returns the steps that have ended: fewer than all where the graph was full.
 */
export async function runGraph(
  steps: readonly PlannedStep[],
  { maxParallel, ended = new Map(), begun = new Set(), full, allRest, stay }: GraphOptions,
  runStep: RunStep,
): Promise<ReadonlyMap<string, EndedStep>> {
  const waiting = inOrder(steps, ended, begun);
  const thrown: unknown[] = [];
  await new Promise<void>((resolve) => {
    let running = 0;
    let stopped = false;
    const startReady = (): void => {
      for (const step of waiting) {
        if (stopped || running === maxParallel || thrown.length > 0) break;
        if (!step.needs.every((id) => ended.has(id))) continue;
        waiting.delete(step);
        running += 1;
        void start(step);
      }
      if (running === 0) resolve();
    };
    const start = async (step: PlannedStep): Promise<void> => {
      try {
        ended.set(step.id, await runStep(step, ended));
      } catch (error) {
        thrown.push(error);
      }
      running -= 1;
      startReady();
    };
    startReady();
    void full?.then(() => {
      stopped = true;
      // One that threw fails the run, after the others have ended.
      return allRest?.().then(() => (thrown.length === 0 ? resolve() : stay?.()));
    });
  });
  if (thrown.length > 0) throw thrown[0];
  return ended;
}

function inOrder(
  steps: readonly PlannedStep[],
  ended: ReadonlyMap<string, EndedStep>,
  begun: ReadonlySet<string>,
): Set<PlannedStep> {
  const open = steps.filter(({ id }) => !ended.has(id));
  return new Set([...open.filter(({ id }) => begun.has(id)), ...open.filter(({ id }) => !begun.has(id))]);
}
