import { type Cancelled, type CancelResponseInput } from '../contract/activities';
import { isTerminal, ProviderError } from '../openai';
import { type ActivityDeps } from './deps';
import { asActivity, assertOrigin, unquoted } from './failures';
import { conclude } from './look';

/** Stops a response at the provider; returns how it ended and what it used, if the provider tells. */
export async function cancelResponse(deps: ActivityDeps, input: CancelResponseInput): Promise<Cancelled> {
  assertOrigin(deps.provider.origin, input.origin);
  return asActivity(async () => {
    const response = await unquoted(input, () => deps.provider.cancelResponse(input.responseId));
    if (!isTerminal(response.status)) {
      // A cancel may take up to 10 s to settle; asking again is harmless, it is idempotent.
      throw new ProviderError(
        'ProviderUnavailable',
        `response ${input.responseId} is still "${response.status}" after its cancel`,
        1_000,
      );
    }
    const collected = await conclude(deps.store, response, input);
    const { status, model, usage, hostedCalls } = collected;
    return { status, model, usage, hostedCalls, collected };
  });
}
