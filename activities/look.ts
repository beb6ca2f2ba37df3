import { type AwaitResponseInput } from '../contract/activities';
import { type Collected } from '../contract/outcome';
import { collect, isTerminal } from '../openai';
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
  if (!isTerminal(response.status)) return undefined;
  await store.putOutput({
    responseId: response.id,
    status: response.status,
    model: response.model,
    output: response.output,
  });
  return collect(response, input);
}
