import { activityInfo } from '@temporalio/activity';
import { type Created, type CreateResponseInput } from '../contract/activities';
import { buildRequest, ProviderError } from '../openai';
import { type ActivityDeps } from './deps';
import { asActivity, assertBeforeDeadline, assertOrigin, beforeDeadline } from './failures';
import { newestItemBefore } from './newest-item';
import { render } from './render';
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
  assertBeforeDeadline(input);
  const startedAt = Date.now();
  const { body, promptRef, newestItem } = await asActivity(() =>
    beforeDeadline(input, async () => {
      await clearSending();
      const rendered = await render(deps, input);
      return {
        newestItem: await newestItemBefore(deps.provider, input, rendered.prompt),
        promptRef: await deps.store.putPrompt(rendered.prompt),
        body: buildRequest(input, rendered, metadataOf(input)),
      };
    }),
  );
  const sending = { sending: true, newestItem };
  await markSending(sending);
  const post = async (): Promise<Created> => {
    assertTimeForPost(input, Date.now() - startedAt);
    const response = await deps.provider.createResponse(body, input.timeoutMs);
    return { responseId: response.id, promptRef };
  };
  return asActivity(
    () => beforeDeadline(input, post),
    ({ retryAfterMs }) => [{ ...sending, retryAfterMs }],
  );
}

/** A POST that outlives its activity is answered to nobody: the id of a paid response would be lost. */
function assertTimeForPost({ stepId, timeoutMs }: CreateResponseInput, passedMs: number): void {
  if (passedMs + timeoutMs < activityInfo().startToCloseTimeoutMs) return;
  throw new ProviderError(
    'ProviderUnavailable',
    `reading what step "${stepId}" sends took ${passedMs} ms, which leaves too little time to create its response; it is tried again`,
  );
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
