import { type RunHandle } from '../client';
import { type Progress, type StepProgress } from '../contract/progress';

/** Progress with every step in it, however many answers they take. */
export type WholeProgress = Omit<Progress, 'version' | 'more'>;

/** Where every step stands. Needs a worker. */
export async function wholeProgress(run: RunHandle): Promise<WholeProgress> {
  const steps = new Map<string, StepProgress>();
  let since = 0;
  for (;;) {
    const { version, more, ...progress } = await run.progress({ since });
    for (const step of progress.steps) steps.set(step.id, step);
    if (!more) return { ...progress, steps: [...steps.values()] };
    since = version;
  }
}
