import { type WorkflowExecutionDescription } from '@temporalio/client';

/** Failure types that are the normal life of a step. */
const NORMAL = new Set(['ResponsePending']);

/**
 * Why activities of a run are being tried again, as Temporal holds it: a provider that cannot be reached, a rate limit.
 * Says nothing about the wait for a response, which is no trouble.
 */
export function pendingTroubles({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): string[] {
  const texts = (raw.pendingActivities ?? []).flatMap(({ lastFailure }) => {
    const type = lastFailure?.applicationFailureInfo?.type ?? '';
    if (!lastFailure?.message || NORMAL.has(type)) return [];
    return [lastFailure.message];
  });
  return [...new Set(texts)];
}
