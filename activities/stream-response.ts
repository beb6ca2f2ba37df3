import { activityInfo, Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type Created, type StreamResponseInput } from '../contract/activities';
import { MAX_TIMER_MS } from '../contract/duration';
import { type FailureType } from '../contract/failures';
import { buildRequest, ProviderError, type ProviderResponse, type Reading, type RequestMode } from '../openai';
import { createdOf, metadataOf, type PreparedCreate, prepareCreate } from './create-response';
import { type ActivityDeps } from './deps';
import { asActivity, beforeDeadline, type Deadline, failure, unquoted } from './failures';
import { tellRun } from './tell-run';
import { Teller } from './teller';

/** Each holds a slot of the worker and a connection for as long as its response takes. */
const MOST_STREAMS = 40;
const FULL_RETRY_MS = 2_000;
/** Between two heartbeats; the SDK sends as many of them as the worker's throttle allows. */
const HEARTBEAT_MS = 1_000;

/** What is tried, one after the other, while the provider refuses how the response is to run: a refusal costs nothing. */
const IN_BACKGROUND: RequestMode[] = [{ stream: true }, { stream: false }];
const IN_FOREGROUND: RequestMode[] = [
  { background: false, stream: true },
  { background: false, stream: true, store: false },
];

/**
 * Creates one response whose stream tells at once where it runs. In the background: its id is the answer. In the
 * foreground, because the provider ignores background mode or is known to have none: the stream is read to its end here,
 * under heartbeats, and what it used is lost when the worker dies. A cancel closes the connection, and so the response.
 */
export async function streamResponse(deps: ActivityDeps, input: StreamResponseInput): Promise<Created> {
  await assertChainKept(deps, input);
  const prepared = await prepareCreate(deps, input);
  const { cancellationSignal } = Context.current();
  const deadline = AbortSignal.timeout(Math.min(MAX_TIMER_MS, Math.max(1, input.deadlineAt - Date.now())));
  const beat = setInterval(() => Context.current().heartbeat(prepared.sending), HEARTBEAT_MS);
  const teller = tellerOf(input);
  const reading: Reading = {
    signal: AbortSignal.any([cancellationSignal, deadline]),
    onForeground: (responseId) => teller.begins(responseId),
    onEvent: (event) => teller.sees(event),
  };
  try {
    const response = await asActivity(
      () => beforeDeadline(input, () => unquoted(input, () => send(deps, input, { prepared, reading }))),
      ({ retryAfterMs }) => [{ ...prepared.sending, retryAfterMs }],
    );
    return await createdOf(deps, input, { response, promptRef: prepared.promptRef });
  } catch (error) {
    // What was refused was not closed, whatever came to an end meanwhile.
    if (!(error instanceof ApplicationFailure) || error.type !== ('CreateAmbiguous' satisfies FailureType)) throw error;
    const details = [{ ...prepared.sending, closed: true }];
    if (deadline.aborted)
      throw failure('DeadlineExceeded', `the stream of step "${input.stepId}" was closed at its deadline`, { details });
    if (cancellationSignal.aborted)
      throw failure('CreateAmbiguous', 'its stream was closed by a cancel or a shutdown before its end', { details });
    throw error;
  } finally {
    clearInterval(beat);
    teller.stop();
  }
}

/** Runs an activity that holds a connection, as many at once as a worker should; more are tried again until their deadline. */
export function limited<I extends Deadline, O>(activity: (input: I) => Promise<O>): (input: I) => Promise<O> {
  let running = 0;
  return async (input) => {
    if (running >= MOST_STREAMS) {
      const message = `waiting, not an error: this worker reads ${running} streams already`;
      const full = (): Promise<never> => Promise.reject(new ProviderError('RateLimited', message, FULL_RETRY_MS));
      return asActivity(() => beforeDeadline(input, full));
    }
    running += 1;
    try {
      return await activity(input);
    } finally {
      running -= 1;
    }
  };
}

type Sent = { prepared: PreparedCreate; reading: Reading };

async function send(
  deps: ActivityDeps,
  input: StreamResponseInput,
  { prepared, reading }: Sent,
): Promise<ProviderResponse> {
  const modes = input.background ? IN_BACKGROUND : IN_FOREGROUND;
  let refusal: unknown;
  for (const mode of modes) {
    const body = buildRequest(input, prepared.rendered, metadataOf(input), mode);
    try {
      return await deps.provider.createResponse(body, input.timeoutMs, reading);
    } catch (error) {
      if (!(error instanceof ProviderError) || !error.refusedMode) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/**
 * A provider without background mode may keep no responses either, and some then answer as if nothing had been said
 * before. Asked before anything is paid.
 */
async function assertChainKept({ provider }: ActivityDeps, input: StreamResponseInput): Promise<void> {
  const { previousResponse, background, stepId } = input;
  if (background || previousResponse === undefined) return;
  await asActivity(async () => {
    try {
      await provider.retrieveResponse(previousResponse);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.type !== 'ResponseLost') throw error;
      throw new ProviderError(
        'InvalidRequest',
        `step "${stepId}" chains to ${previousResponse}, which the provider at ${provider.origin} has not kept; use the context strategy "stateless" there`,
      );
    }
  });
}

/** Tells the run that the response is read in the foreground, and, of a step that is watched, what it does. */
function tellerOf({ stepId, stream }: StreamResponseInput) {
  const { client } = Context.current();
  const workflowId = activityInfo().workflowExecution?.workflowId ?? '';
  let teller: Teller | undefined;
  const tell = (responseId: string, told: { doing: string; sequence: number; foreground?: boolean }): void => {
    // The run learns it with the result at the latest.
    tellRun(client, workflowId, { stepId, responseId, ...told }).catch((error: unknown) =>
      Context.current().log.debug('the run was not told', { responseId, error }),
    );
  };
  return {
    begins(responseId: string): void {
      tell(responseId, { doing: 'working', sequence: 0, foreground: true });
      if (stream) teller = new Teller({ createdAt: Date.now() }, (told) => tell(responseId, told));
    },
    sees: (event: Parameters<Teller['sees']>[0]): void => teller?.sees(event),
    stop: (): void => teller?.stop(),
  };
}
