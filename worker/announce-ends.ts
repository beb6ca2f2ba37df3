import { ActivityNotFoundError, type Client, WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import { type ActivityDeps, conclude } from '../activities';
import { awaitActivityId, RESPONSE_SEEN_SIGNAL } from '../contract/names';
import { type Collected } from '../contract/outcome';
import { createMetadataSchema, type CreateMetadata, type ResponseSeen } from '../contract/seen';
import { isTerminal, ProviderError, type ProviderResponse } from '../openai';

/**
 * What became of an announced end, and whose it is. The outcome: the wait was completed; nobody waits and the run was
 * told; the run has ended; the response is not of this engine and namespace; or it has not ended after all.
 */
export interface Announced {
  outcome: 'completed' | 'told' | 'too late' | 'not ours' | 'pending';
  /** Whose response it is; undefined where it is not ours. */
  workflowId?: string;
  stepId?: string;
}

/** The fields of a response that lead back to its run. The provider gives them back as they were sent. */
const ownFieldsSchema = z.object({
  metadata: createMetadataSchema,
  text: z
    .object({ format: z.object({ schema: z.record(z.string(), z.unknown()).optional() }).nullish() })
    .nullish()
    .catch(undefined),
});

/**
 * Announces the end of responses by their ids alone: finds the run in the response's own metadata and completes the wait
 * for it by its activity id. Needs no table, so any number may run side by side; telling twice is harmless.
 */
export function announceEnds(
  client: Client,
  { provider, store }: Pick<ActivityDeps, 'provider' | 'store'>,
): (responseId: string) => Promise<Announced> {
  return async (responseId) => {
    const response = await knownResponse(provider, responseId);
    const own = ownFieldsSchema.safeParse(response);
    if (!response || !own.success || own.data.metadata.namespace !== client.options.namespace)
      return { outcome: 'not ours' };
    const { metadata, text } = own.data;
    const ids = { workflowId: metadata.workflow_id, stepId: metadata.step_id };
    if (!isTerminal(response.status)) return { outcome: 'pending', ...ids };
    const wanted = {
      stepId: metadata.step_id,
      format: text?.format?.schema,
      redact: metadata.redact === 'true',
      calls: metadata.calls === 'true',
    };
    const collected = await conclude(store, response, wanted);
    if (await completeWait(client, metadata.workflow_id, { ...collected, announcedBy: 'webhook' }))
      return { outcome: 'completed', ...ids };
    return { outcome: (await tellRun(client, metadata, collected)) ? 'told' : 'too late', ...ids };
  };
}

/** Undefined for one that the provider does not know: deleted meanwhile, or another project's. */
async function knownResponse(
  provider: ActivityDeps['provider'],
  responseId: string,
): Promise<ProviderResponse | undefined> {
  try {
    return await provider.retrieveResponse(responseId);
  } catch (error) {
    if (error instanceof ProviderError && error.type === 'ResponseLost') return undefined;
    throw error;
  }
}

/** False when nobody waits: the create is not recorded yet, the wait has ended, or it never began. */
export async function completeWait(client: Client, workflowId: string, collected: Collected): Promise<boolean> {
  try {
    await client.activity.complete({ workflowId, activityId: awaitActivityId(collected.responseId) }, collected);
    return true;
  } catch (error) {
    if (error instanceof ActivityNotFoundError) return false;
    throw error;
  }
}

/** False when the run has ended. */
async function tellRun(client: Client, metadata: CreateMetadata, collected: Collected): Promise<boolean> {
  const { responseId, status, model, usage, hostedCalls } = collected;
  const { step_id: stepId, turn, create } = metadata;
  const seen: ResponseSeen = { responseId, stepId, turn, create, status, model, usage, hostedCalls };
  try {
    await client.workflow.getHandle(metadata.workflow_id).signal(RESPONSE_SEEN_SIGNAL, seen);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
