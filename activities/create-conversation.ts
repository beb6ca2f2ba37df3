import { type ConversationCreated, type CreateConversationInput } from '../contract/activities';
import { type ActivityDeps } from './deps';
import { asActivity, assertBeforeDeadline, assertOrigin, beforeDeadline } from './failures';

/** Creates an empty conversation. It costs nothing, so a lost answer is simply tried again. */
export async function createConversation(
  deps: ActivityDeps,
  input: CreateConversationInput,
): Promise<ConversationCreated> {
  assertOrigin(deps.provider.origin, input.origin);
  assertBeforeDeadline(input);
  return asActivity(() =>
    beforeDeadline(input, async () => ({ conversationId: await deps.provider.createConversation() })),
  );
}
