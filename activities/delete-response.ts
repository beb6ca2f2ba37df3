import { type DeleteResponseInput } from '../contract/activities';
import { isTerminal, ProviderError, type ProviderResponse } from '../openai';
import { type ActivityDeps } from './deps';
import { asActivity, assertOrigin, unquoted } from './failures';
import { conclude } from './look';

/** Deletes a response at the provider, once its output is in the output store. One that is gone already is deleted. */
export async function deleteResponse(deps: ActivityDeps, input: DeleteResponseInput): Promise<void> {
  assertOrigin(deps.provider.origin, input.origin);
  return asActivity(() =>
    unlessGone(async () => {
      await unquoted({ redact: true }, () => keep(deps, input));
      await deps.provider.deleteResponse(input.responseId);
    }),
  );
}

async function unlessGone(call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ProviderError) || error.type !== 'ResponseLost') throw error;
  }
}

/**
 * Another worker may have stored it, or a file may be damaged: what is not there is fetched once more.
 * @throws ProviderError `InvalidRequest` where this worker's store keeps nothing.
 */
async function keep({ provider, store }: ActivityDeps, { responseId, stepId }: DeleteResponseInput): Promise<void> {
  if (await store.getOutput(responseId)) return;
  const response: ProviderResponse = await provider.retrieveResponse(responseId);
  // The provider refuses to delete one that is at work.
  if (!isTerminal(response.status)) return;
  await conclude(store, response, { stepId });
  if (await store.getOutput(responseId)) return;
  throw new ProviderError(
    'InvalidRequest',
    `the output store of this worker does not keep the output of ${responseId}, so it is not deleted at the provider; set DURABLE_RESEARCH_STORE as at the worker that began the run`,
  );
}
