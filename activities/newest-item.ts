import { type CreateResponseInput } from '../contract/activities';
import { type Item, type Provider, ProviderError, type Said } from '../openai';

/** Most items that the API lists at once. */
const MAX_ITEMS = 100;

/**
 * The newest item of the conversation that a create goes into: null where it is empty, undefined without a conversation.
 * By it the next create knows, should the answer of this one be lost, what has been said since.
 * @throws ProviderError `AlreadyInConversation` where an earlier create was accepted after all: in a conversation a
 * create is never repeated blindly, its prompt would be said twice.
 */
export async function newestItemBefore(
  provider: Provider,
  { conversation, lostAfter }: CreateResponseInput,
  said: Said,
): Promise<string | null | undefined> {
  if (conversation === undefined) return undefined;
  const newest = await provider.newestConversationItems(conversation, lostAfter === undefined ? 1 : MAX_ITEMS);
  if (lostAfter !== undefined && saidSince(newest, lostAfter, said)) {
    throw new ProviderError(
      'AlreadyInConversation',
      `conversation ${conversation} holds what this create says: one whose answer was lost was accepted. Its answer stands in the conversation, but which response it belongs to is not known`,
    );
  }
  const id = newest[0]?.['id'];
  return typeof id === 'string' ? id : null;
}

function saidSince(newestFirst: readonly Item[], lostAfter: string | null, { prompt, answers = [] }: Said): boolean {
  const before = newestFirst.findIndex(({ id }) => id === lostAfter);
  const since = before === -1 ? newestFirst : newestFirst.slice(0, before);
  if (prompt === undefined) return since.some((item) => isAnswer(item) && answers.some((one) => isSame(one, item)));
  const text = JSON.stringify(prompt);
  return since.some((item) => item['role'] === 'user' && JSON.stringify(item).includes(text));
}

function isAnswer({ type }: Item): boolean {
  return type === 'function_call_output' || type === 'mcp_approval_response';
}

function isSame(one: Item, other: Item): boolean {
  return one.type === other.type && answeredBy(one) === answeredBy(other);
}

/** Id of the call, or of the request for an approval, that an item answers. */
function answeredBy({ call_id: callId, approval_request_id: requestId }: Item): unknown {
  return callId ?? requestId;
}
