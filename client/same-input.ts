import { isDeepStrictEqual } from 'node:util';
import { type Client } from '@temporalio/client';

type Execution = { workflowId: string; runId: string };

/** Whether a run was started with this input, by its first event: so it works for whoever started the run. */
export async function sameInput(client: Client, execution: Execution, input: unknown): Promise<boolean> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution,
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const args = await Promise.all(payloads.map((payload) => decode(client, payload)));
  return args.length === 1 && isDeepStrictEqual(args[0], jsonOf(input));
}

type Payload = Parameters<Client['options']['loadedDataConverter']['payloadConverter']['fromPayload']>[0];

async function decode(client: Client, payload: Payload): Promise<unknown> {
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  let decoded = [payload];
  for (const codec of payloadCodecs.toReversed()) decoded = await codec.decode(decoded);
  return jsonOf(payloadConverter.fromPayload(decoded[0] ?? payload));
}

/** The value as JSON has it: fields that are undefined are no fields. */
function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
