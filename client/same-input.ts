import { isDeepStrictEqual } from 'node:util';
import { type Client } from '@temporalio/client';
import { decodePayload } from '../codec';

type Execution = { workflowId: string; runId: string };

/**
 * Whether a run was started with this input, by its first event: so it works for whoever started the run. A later
 * execution of the run has the same input, and what it goes on from as a second argument.
 */
export async function sameInput(client: Client, execution: Execution, input: unknown): Promise<boolean> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution,
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const payloads = (started?.input?.payloads ?? []).slice(0, started?.continuedExecutionRunId ? 1 : undefined);
  const { loadedDataConverter } = client.options;
  const args = await Promise.all(payloads.map((payload) => decodePayload(loadedDataConverter, payload)));
  return args.length === 1 && isDeepStrictEqual(jsonOf(args[0]), jsonOf(input));
}

/** The value as JSON has it: fields that are undefined are no fields. */
function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
