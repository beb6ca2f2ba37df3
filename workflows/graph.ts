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
  /** Steps that are not to begin any more. */
  early?: {
    isDropped: (step: PlannedStep) => boolean;
    drop: (step: PlannedStep) => EndedStep;
    /** Is given what to call when `isDropped` has changed its mind. */
    onChange: (dropAndStart: () => void) => void;
  };
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
  options: GraphOptions,
  runStep: RunStep,
): Promise<ReadonlyMap<string, EndedStep>> {
  const { maxParallel, ended = new Map(), begun = new Set(), full, allRest, stay, early } = options;
  const waiting = inOrder(steps, ended, begun);
  const isReady = readiness(steps, ended, early?.isDropped);
  const thrown: unknown[] = [];
  await new Promise<void>((resolve) => {
    let running = 0;
    let stopped = false;
    const startReady = (): void => {
      for (const step of waiting) {
        if (begun.has(step.id) || !early?.isDropped(step)) continue;
        waiting.delete(step);
        ended.set(step.id, early.drop(step));
      }
      for (const step of waiting) {
        if (stopped || running === maxParallel || thrown.length > 0) break;
        if (!isReady(step)) continue;
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
    early?.onChange(startReady);
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

/**
 * Tells whether everything has ended that a step needs; of a step that was dropped, what that one needed as well: what is
 * still at work before it may be all that is left to go on with.
 */
function readiness(
  steps: readonly PlannedStep[],
  ended: ReadonlyMap<string, EndedStep>,
  isDropped: (step: PlannedStep) => boolean = () => false,
): (step: PlannedStep) => boolean {
  const byId = new Map(steps.map((step) => [step.id, step]));
  return ({ needs }) => {
    const seen = new Set<string>();
    const isOver = (id: string): boolean => {
      if (!ended.has(id) || seen.has(id)) return ended.has(id);
      seen.add(id);
      const step = byId.get(id);
      return ended.get(id)?.outcome !== 'skipped' || !step || !isDropped(step) || step.needs.every(isOver);
    };
    return needs.every(isOver);
  };
}

function inOrder(
  steps: readonly PlannedStep[],
  ended: ReadonlyMap<string, EndedStep>,
  begun: ReadonlySet<string>,
): Set<PlannedStep> {
  const open = steps.filter(({ id }) => !ended.has(id));
  return new Set([...open.filter(({ id }) => begun.has(id)), ...open.filter(({ id }) => !begun.has(id))]);
}
