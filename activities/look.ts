import { type AwaitResponseInput } from '../contract/activities';
import { type Collected } from '../contract/outcome';
import { collect, isTerminal, type ProviderResponse } from '../openai';
import { type ActivityDeps } from './deps';

/**
 * One look at a response. Terminal: its output is stored first, then summed up; so whoever learns of the end can read
 * the output. Pending: undefined.
 */
export async function look(
  { provider, store }: Pick<ActivityDeps, 'provider' | 'store'>,
  input: AwaitResponseInput,
): Promise<Collected | undefined> {
  const response = await provider.retrieveResponse(input.responseId);
  return isTerminal(response.status) ? conclude(store, response, input) : undefined;
}

/** A terminal response: its output is stored, then summed up. */
export async function conclude(
  store: ActivityDeps['store'],
  response: ProviderResponse,
  input: Pick<AwaitResponseInput, 'stepId' | 'format'>,
): Promise<Collected> {
  await store.putOutput({
    responseId: response.id,
    status: response.status,
    model: response.model,
    output: response.output,
  });
  return collect(response, input);
}
