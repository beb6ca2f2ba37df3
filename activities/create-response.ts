import { activityInfo } from '@temporalio/activity';
import { type Created, type CreateResponseInput } from '../contract/activities';
import { buildRequest, ProviderError } from '../openai';
import { type ActivityDeps } from './deps';
import { asActivity, assertOrigin, failure } from './failures';
import { render, type Rendered } from './render';
import { clearSending, markSending } from './sending';

/** Longest metadata value of the API. */
const MAX_METADATA_CHARS = 512;

/**
 * Creates one background response. The only activity that spends money at the provider: it sends exactly one POST,
 * after which it either knows the id or reports `CreateAmbiguous`. A cancel does not stop it, since then the id of a
 * response that runs would be lost.
 */
export async function createResponse(deps: ActivityDeps, input: CreateResponseInput): Promise<Created> {
  assertOrigin(deps.provider.origin, input.origin);
  if (Date.now() >= input.deadlineAt) {
    throw failure('DeadlineExceeded', `the deadline of step "${input.stepId}" passed before its response was created`);
  }
  return asActivity(async () => {
    await clearSending();
    const rendered = await render(deps, input);
    if (input.conversation !== undefined && input.create > 1)
      await assertNotInConversation(deps, input.conversation, rendered);
    const promptRef = await deps.store.putPrompt(rendered.prompt);
    const body = buildRequest(input, rendered, metadataOf(input));
    await markSending();
    const response = await deps.provider.createResponse(body, input.timeoutMs);
    return { responseId: response.id, promptRef };
  });
}

/** Leads from a response back to its run: a webhook carries the response's id only. */
function metadataOf(input: CreateResponseInput): Record<string, string> {
  const { workflowExecution, workflowNamespace } = activityInfo();
  const workflowId = workflowExecution?.workflowId ?? '';
  if (workflowId.length > MAX_METADATA_CHARS) {
    throw new ProviderError(
      'InvalidRequest',
      `the workflow id has ${workflowId.length} characters; expected at most ${MAX_METADATA_CHARS}, which a response's metadata can hold`,
    );
  }
  return {
    namespace: workflowNamespace ?? '',
    workflow_id: workflowId,
    step_id: input.stepId,
    turn: String(input.turn),
    create: String(input.create),
  };
}

/** In a conversation a create is never repeated blindly: the lost one may already stand in it, and would be said twice. */
async function assertNotInConversation(
  { provider }: ActivityDeps,
  conversation: string,
  { prompt }: Rendered,
): Promise<void> {
  const newest = await provider.newestConversationItems(conversation, 20);
  const lastPrompt = newest.find((item) => item['role'] === 'user');
  if (lastPrompt && JSON.stringify(lastPrompt).includes(JSON.stringify(prompt))) {
    throw new ProviderError(
      'CreateAmbiguous',
      `conversation ${conversation} already holds this prompt: an earlier create, whose answer was lost, was accepted`,
    );
  }
}
