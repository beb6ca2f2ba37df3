import { type Client, type WorkflowHandle } from '@temporalio/client';
import { z } from 'zod';
import { decodeFirst } from '../codec';
import { createdSchema, sendingSchema } from '../contract/activities';
import { type Carry, carrySchema } from '../contract/carry';
import { awaitActivityId, createActivityId } from '../contract/names';
import { responseSeenSchema } from '../contract/seen';
import { collect, createProvider, isTerminal, type Provider, ProviderError } from '../openai';
import { readWorkerConfig } from './config';

/** What became of a response that a terminated run had left behind. */
export interface LeftResponse {
  stepId: string;
  responseId: string;
  /** How it ended at the provider; `unknown` where it could not be stopped, for the reason in `problem`. */
  status: 'completed' | 'failed' | 'incomplete' | 'cancelled' | 'unknown';
  problem?: string;
}

/** What a run's history tells of its creates and waits. */
interface OpenResponses {
  /** Created, and their end is not in the history. */
  open: { stepId: string; responseId: string }[];
  /** Creates whose answer is lost or not in the history: they may have been accepted, and nobody knows the ids. */
  unanswered: string[];
}

const CREATES = new Set(['durableResearch.createResponse', 'durableResearch.streamResponse']);

const createInputSchema = z.object({ stepId: z.string() });

/** Reads which responses a run may have left running at the provider. */
async function openResponses(client: Client, workflowId: string): Promise<OpenResponses> {
  const { loadedDataConverter } = client.options;
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const scheduled = new Map<string, { activityId: string; stepId?: string }>();
  // What an execution before this one has created is in no event but the first, among what it handed over.
  const { payloads } = events?.[0]?.workflowExecutionStartedEventAttributes?.input ?? {};
  const carried = carrySchema.safeParse(await decodeFirst(loadedDataConverter, { payloads: payloads?.slice(1) })).data;
  const created = new Map(carriedResponses(carried).map((open) => [awaitActivityId(open.responseId), open]));
  const lost = carried?.run.ledger.ambiguous.filter(({ responseId }) => responseId === undefined) ?? [];
  const unanswered = new Set(lost.map(createActivityId));
  for (const event of events ?? []) {
    const begun = event.activityTaskScheduledEventAttributes;
    if (begun?.activityId) {
      const stepId = createInputSchema.safeParse(await decodeFirst(loadedDataConverter, begun.input)).data?.stepId;
      scheduled.set(String(event.eventId), { activityId: begun.activityId, stepId });
      if (CREATES.has(begun.activityType?.name ?? '')) unanswered.add(begun.activityId);
    }
    const signal = event.workflowExecutionSignaledEventAttributes;
    const seen = responseSeenSchema.safeParse(await decodeFirst(loadedDataConverter, signal?.input));
    // A webhook has told of its end.
    if (seen.success) unanswered.delete(createActivityId(seen.data));
    const done = event.activityTaskCompletedEventAttributes;
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    const of = scheduled.get(String((done ?? failed)?.scheduledEventId));
    if (!of) continue;
    if (!(await mayBeAccepted(loadedDataConverter, failed?.failure))) unanswered.delete(of.activityId);
    const answer = done && createdSchema.safeParse(await decodeFirst(loadedDataConverter, done.result));
    if (answer?.success && of.stepId !== undefined) {
      const { responseId, collected } = answer.data;
      if (!collected) created.set(awaitActivityId(responseId), { stepId: of.stepId, responseId });
    } else if (done) created.delete(of.activityId);
  }
  return { open: [...created.values()], unanswered: [...unanswered] };
}

/** Responses that were at work when the run went on in this execution. */
function carriedResponses(carried: Carry | undefined): OpenResponses['open'] {
  const turns = carried?.run.turns ?? [];
  return turns.flatMap(([stepId, { rest }]) =>
    rest?.for === 'response' ? [{ stepId, responseId: rest.created.responseId }] : [],
  );
}

/**
 * Stops what a run that was terminated, or that failed, has left running at the provider that the environment names.
 * One response after the other; a problem with one does not keep the others.
 * @throws ConfigurationError for the environment.
 */
export async function stopLeftResponses(
  env: NodeJS.ProcessEnv,
  client: Client,
  workflowId: string,
): Promise<{ stopped: LeftResponse[]; unanswered: string[] }> {
  const provider = createProvider(readWorkerConfig(env).provider);
  const { open, unanswered } = await openResponses(client, workflowId);
  const stopped: LeftResponse[] = [];
  for (const left of open) stopped.push({ ...left, ...(await stop(provider, left)) });
  return { stopped, unanswered };
}

async function stop(
  provider: Provider,
  { stepId, responseId }: OpenResponses['open'][number],
): Promise<Pick<LeftResponse, 'status' | 'problem'>> {
  try {
    const response = await provider.cancelResponse(responseId);
    if (!isTerminal(response.status)) {
      return { status: 'unknown', problem: `it is still ${response.status} after its cancel; ask again in a moment` };
    }
    return { status: collect(response, { stepId }).status };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { status: 'unknown', problem: `${error.type}: ${error.message}` };
  }
}

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];
type EndFailure = NonNullable<Event['activityTaskFailedEventAttributes']>['failure'];

/** As the workflow decides it: the answer was lost, or the worker died when its POST may have been on its way. */
async function mayBeAccepted(converter: Parameters<typeof decodeFirst>[0], failure: EndFailure): Promise<boolean> {
  if (failure?.timeoutFailureInfo) {
    const said = await decodeFirst(converter, failure.timeoutFailureInfo.lastHeartbeatDetails);
    return sendingSchema.safeParse(said).data?.sending ?? false;
  }
  return failure?.applicationFailureInfo?.type === 'CreateAmbiguous';
}
