import { activityInfo, Context } from '@temporalio/activity';
import { type Created, type CreateResponseInput, type Sending, type StreamResponseInput } from '../contract/activities';
import { endsInCalls, type HostedTool } from '../contract/step';
import { buildRequest, isTerminal, ProviderError, type ProviderResponse, type Said } from '../openai';
import { type ActivityDeps, type BackgroundMemory } from './deps';
import {
  asActivity,
  assertBeforeDeadline,
  assertOrigin,
  beforeDeadline,
  serverUnavailable,
  toolUnavailable,
  unquoted,
} from './failures';
import { conclude } from './look';
import { readDefinitions } from './mcp-definitions';
import { newestItemBefore } from './newest-item';
import { render } from './render';
import { clearSending, markSending } from './sending';

/** Longest metadata value of the API. */
const MAX_METADATA_CHARS = 512;

/**
 * Creates one background response: sends exactly one POST, after which it either knows the id or reports
 * `CreateAmbiguous`. A cancel does not stop it, since then the id of a response that runs would be lost.
 */
export async function createResponse(deps: ActivityDeps, input: CreateResponseInput): Promise<Created> {
  const startedAt = Date.now();
  const { rendered, promptRef, sending } = await prepareCreate(deps, input);
  const post = async (): Promise<Created> => {
    assertTimeForPost(input, Date.now() - startedAt);
    const body = buildRequest(input, rendered, metadataOf(input));
    const response = await unquoted(input, () => deps.provider.createResponse(body, input.timeoutMs));
    return createdOf(deps, input, { response, promptRef });
  };
  return asActivity(
    () => beforeDeadline(input, post),
    ({ retryAfterMs }) => [{ ...sending, retryAfterMs }],
  );
}

/** A create that is about to be sent, and marked as such. */
export interface PreparedCreate {
  rendered: Said;
  promptRef: string | undefined;
  sending: Sending;
}

/** Everything that comes before the POST; ends with the mark that it is on its way. */
export async function prepareCreate(deps: ActivityDeps, input: CreateResponseInput): Promise<PreparedCreate> {
  assertOrigin(deps.provider.origin, input.origin);
  assertBeforeDeadline(input);
  const prepared = await asActivity(() =>
    beforeDeadline(input, async () => {
      await clearSending();
      deps.provider.assertRoom(input.model, activityInfo().attempt > 1);
      const tools = await definitionsOf(deps, input);
      const hosted = withCredentials(deps, input);
      const rendered: Said = { ...(await unquoted(input, () => render(deps, input))), tools, hosted };
      // What the request would be refused for here is refused before anything is marked as sent.
      buildRequest(input, rendered, metadataOf(input));
      return {
        newestItem: await unquoted(input, () => newestItemBefore(deps.provider, input, rendered)),
        promptRef: rendered.prompt === undefined ? undefined : await deps.store.putPrompt(rendered.prompt),
        rendered,
      };
    }),
  );
  const { newestItem, ...rest } = prepared;
  const sending = { sending: true, newestItem };
  await markSending(sending);
  return { ...rest, sending };
}

/**
 * What the workflow is told of a create; of one that has ended already, its output is stored first. Where that fails its
 * id alone is told, and it is waited for: another attempt of the activity would be another create.
 */
export async function createdOf(
  { store, background }: ActivityDeps,
  input: CreateResponseInput | StreamResponseInput,
  { response, promptRef }: { response: ProviderResponse; promptRef: string | undefined },
): Promise<Created> {
  const created = { responseId: response.id, promptRef };
  if (!isTerminal(response.status)) return created;
  const foreground = response['background'] !== true;
  if (foreground) learnForeground(background, input);
  try {
    return { ...created, foreground, collected: await conclude(store, response, concludedBy(input)) };
  } catch (error) {
    Context.current().log.warn('an answer could not be stored and is asked for again', { ...created, error });
    return { ...created, foreground };
  }
}

function concludedBy(input: CreateResponseInput): Parameters<typeof conclude>[2] {
  const { stepId, format, redact } = input;
  return { stepId, format, redact, ...(mayCall(input) && { calls: true }) };
}

/** Whether its response may end in calls that we answer. */
function mayCall({ ownTools = [], tools = [] }: CreateResponseInput): boolean {
  return endsInCalls([...ownTools, ...(tools as HostedTool[])]);
}

/**
 * What the model is told of the step's own tools: as this worker has them now, since it is this worker that calls them;
 * those of MCP servers as they were when the run began.
 */
async function definitionsOf(deps: ActivityDeps, input: CreateResponseInput): Promise<Said['tools']> {
  const { stepId, ownTools = [], mcp = [] } = input;
  const listed = (await Promise.all(mcp.map((list) => readDefinitions(deps, list)))).flat();
  return ownTools.map((name) => {
    const definition = listed.find((one) => one.name === name);
    // Servers write schemas that strict mode does not take.
    if (definition) return { type: 'function', ...definition, strict: false };
    const registered = deps.tools?.get(name);
    if (registered) return registered.definition;
    throw new ProviderError('ToolUnavailable', toolUnavailable(stepId, name));
  });
}

/** Hosted tools with the credentials of MCP servers, which are in no history: this worker has them, or another one. */
function withCredentials({ mcp }: ActivityDeps, { tools = [], hostedMcp = [] }: CreateResponseInput): Said['hosted'] {
  return tools.map((tool) => {
    const label = String(tool['server_label']);
    if (tool.type !== 'mcp' || !hostedMcp.includes(label)) return tool;
    const known = mcp?.hosted.get(label);
    if (!known) throw new ProviderError('ToolUnavailable', serverUnavailable(label));
    return { ...tool, ...known };
  });
}

/** A provider that ignores what is asked for does so always; one that refuses it may do so for a model. */
function learnForeground(background: BackgroundMemory, input: CreateResponseInput | StreamResponseInput): void {
  if (!('background' in input) || input.background) background.learn('none');
  else if (input.refused) background.learnRefused(input.model);
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
export function metadataOf(input: CreateResponseInput): Record<string, string> {
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
    ...(input.redact && { redact: 'true' }),
    ...(mayCall(input) && { calls: 'true' }),
  };
}
