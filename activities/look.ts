import { type AwaitResponseInput } from '../contract/activities';
import { type Collected } from '../contract/outcome';
import { collect, isTerminal, ProviderError, type ProviderResponse, providerResponseSchema } from '../openai';
import { type ActivityDeps } from './deps';

type Sources = Pick<ActivityDeps, 'provider' | 'store'>;

/**
 * One look at a response. Terminal: its output is stored first, then summed up; so whoever learns of the end can read
 * the output. Pending: undefined.
 * @throws ProviderError `ResponseStuck` for one that has been queued for longer than its step allows.
 */
export async function look(sources: Sources, input: AwaitResponseInput): Promise<Collected | undefined> {
  const response = await retrieve(sources, input.responseId);
  if (isTerminal(response.status)) return conclude(sources.store, response, input);
  assertNotStuck(response, input);
  return undefined;
}

/** What the provider has forgotten may be in our own store: whoever stored it died before telling the run. */
async function retrieve({ provider, store }: Sources, responseId: string): Promise<ProviderResponse> {
  try {
    return await provider.retrieveResponse(responseId);
  } catch (error) {
    const lost = error instanceof ProviderError && error.type === 'ResponseLost';
    const kept = lost ? await stored(store, responseId) : undefined;
    if (kept) return kept;
    throw error;
  }
}

/** The deadline has its own name, whatever the response does. */
function assertNotStuck({ id, status }: ProviderResponse, input: AwaitResponseInput): void {
  const { stepId, createdAt, queuedUntil = Infinity, deadlineAt } = input;
  const now = Date.now();
  if (status !== 'queued' || now < queuedUntil || now >= deadlineAt) return;
  const seconds = Math.round((now - createdAt) / 1000);
  throw new ProviderError(
    'ResponseStuck',
    `response ${id} of step "${stepId}" was still queued after ${seconds} s, more than its "maxQueued" allows`,
  );
}

/**
 * A terminal response: its output is stored, then summed up. The first completed output of a response stays the one: a
 * provider that later calls it failed, or empty, does not take it back.
 */
export async function conclude(
  store: ActivityDeps['store'],
  response: ProviderResponse,
  input: Pick<AwaitResponseInput, 'stepId' | 'format' | 'redact' | 'calls'>,
): Promise<Collected> {
  const whole = response.status === 'completed' && response.output.length > 0;
  const kept = whole ? undefined : await stored(store, response.id);
  if (kept?.status === 'completed') return collect(kept, input);
  const { id: responseId, status, model, output, error, incomplete_details, usage, tool_usage } = response;
  await store.putOutput({ responseId, status, model, output, error, incomplete_details, usage, tool_usage });
  return collect(response, input);
}

async function stored(store: ActivityDeps['store'], responseId: string): Promise<ProviderResponse | undefined> {
  const output = await store.getOutput(responseId);
  return output && providerResponseSchema.parse({ id: responseId, ...output });
}
