import { defaultPayloadConverter } from '@temporalio/common';
import { type ResearchClient } from '../client';
import { pipelineInputSchema } from '../contract/pipeline';
import { runRecordSchema } from '../contract/run-record';

/** The run's input and its record stand within the first events of its history. */
const FIRST_EVENTS = 30;

/** Models that a run names, its default included; empty where its history does not tell. */
export async function modelsOf({ client }: ResearchClient, workflowId: string, runId?: string): Promise<string[]> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: FIRST_EVENTS,
  });
  const events = history?.events ?? [];
  const input = pipelineInputSchema.safeParse(decode(events[0]?.workflowExecutionStartedEventAttributes?.input));
  const records = events.flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    const record = runRecordSchema.safeParse(decode(completed?.result));
    return record.success ? [record.data] : [];
  });
  const steps = input.success ? input.data.steps : [];
  const models = steps.flatMap(({ model }) => model ?? input.data?.defaults?.model ?? records[0]?.defaultModel ?? []);
  return [...new Set(models)];
}

type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];

function decode(payloads: { payloads?: Payload[] | null } | null | undefined): unknown {
  const [first] = payloads?.payloads ?? [];
  return first === undefined ? undefined : defaultPayloadConverter.fromPayload(first);
}
