import { type ResponseRef } from '../contract/activities';
import { type Item, ProviderError } from '../openai';
import { type StoredOutput } from '../store/port';
import { type ActivityDeps } from './deps';

type Sources = Pick<ActivityDeps, 'provider' | 'store'>;

/**
 * Output of an earlier step: the store is asked first, then the provider.
 * @throws ProviderError `ResponseLost` where neither has it.
 */
export async function readOutput({ store, provider }: Sources, ref: ResponseRef): Promise<StoredOutput> {
  const stored = await store.getOutput(ref.responseId);
  if (stored) return stored;
  const response = await provider.retrieveResponse(ref.responseId);
  const { id: responseId, status, model, output: items } = response;
  // A provider that takes an end back would else hand an empty output to the steps that follow.
  if (status !== 'completed' && status !== 'incomplete') {
    throw new ProviderError(
      'ResponseLost',
      `response ${ref.responseId} of step "${ref.stepId}" had an output, but the provider now says "${status}" and the output store does not have it`,
    );
  }
  const output = { responseId, status, model, output: items };
  await store.putOutput(output);
  return output;
}

/** Prompt of an earlier step; where the store has none, the last user message that the provider kept. */
export async function readPrompt({ store, provider }: Sources, ref: ResponseRef): Promise<string> {
  const stored = ref.promptRef === undefined ? undefined : await store.getPrompt(ref.promptRef);
  if (stored !== undefined) return stored;
  const items = await provider.inputItems(ref.turns?.[0]?.responseId ?? ref.responseId);
  const prompt = items.findLast((item) => item['role'] === 'user');
  if (!prompt) {
    throw new ProviderError(
      'ResponseLost',
      `the prompt of response ${ref.responseId} of step "${ref.stepId}" is in neither the output store nor the provider`,
    );
  }
  return messageText(prompt);
}

function messageText(message: Item): string {
  const content = message['content'];
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join('');
}
