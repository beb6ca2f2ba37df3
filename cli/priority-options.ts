import { InvalidArgumentError } from 'commander';
import { type RunPriority, runPrioritySchema } from '../contract/priority';

/** Options of a command that says in which order a run's creates are sent. */
export type PriorityOptions = RunPriority;

/** What these options say; a pipeline's own fields count where they say nothing. */
export function withPriority({ priority, fairnessKey, fairnessWeight }: PriorityOptions): RunPriority {
  return {
    ...(priority !== undefined && { priority }),
    ...(fairnessKey !== undefined && { fairnessKey }),
    ...(fairnessWeight !== undefined && { fairnessWeight }),
  };
}

const { priority, fairnessKey, fairnessWeight } = runPrioritySchema.shape;

/** From 1, first, to 5, last. */
export function priorityKey(text: string): number | undefined {
  const parsed = priority.safeParse(text.trim() === '' ? undefined : Number(text));
  if (!parsed.success || parsed.data === undefined)
    throw new InvalidArgumentError('expected a whole number from 1 to 5');
  return parsed.data;
}

/** At most 64 bytes. */
export function fairnessName(text: string): string | undefined {
  const parsed = fairnessKey.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('expected a text of 1 to 64 bytes');
  return parsed.data;
}

/** From 0.001 to 1000. */
export function weight(text: string): number | undefined {
  const parsed = fairnessWeight.safeParse(text.trim() === '' ? undefined : Number(text));
  if (!parsed.success || parsed.data === undefined)
    throw new InvalidArgumentError('expected a number from 0.001 to 1000');
  return parsed.data;
}
