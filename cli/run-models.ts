import { type ResearchClient } from '../client';
import { decodeFirst } from '../codec';
import { carrySchema } from '../contract/carry';
import { pipelineInputSchema } from '../contract/pipeline';
import { runRecordSchema } from '../contract/run-record';

/** The run's input, and its record or what it carries, stand within the first events of its history. */
const FIRST_EVENTS = 30;

/** Models that a run names, its default included; empty where its history does not tell. */
export async function modelsOf({ client }: ResearchClient, workflowId: string, runId?: string): Promise<string[]> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: FIRST_EVENTS,
  });
  const events = history?.events ?? [];
  const decode = (payloads: Parameters<typeof decodeFirst>[1]): Promise<unknown> =>
    decodeFirst(client.options.loadedDataConverter, payloads);
  const started = events[0]?.workflowExecutionStartedEventAttributes?.input;
  const input = pipelineInputSchema.safeParse(await decode(started));
  const carry = carrySchema.safeParse(await decode({ payloads: started?.payloads?.slice(1) }));
  const results = await Promise.all(events.map((event) => decode(event.activityTaskCompletedEventAttributes?.result)));
  const records = results.flatMap((result) => {
    const record = runRecordSchema.safeParse(result);
    return record.success ? [record.data] : [];
  });
  const steps = input.success ? input.data.steps : [];
  const { defaultModel } = carry.data?.run.record ?? records[0] ?? {};
  const models = steps.flatMap(({ model }) => model ?? input.data?.defaults?.model ?? defaultModel ?? []);
  return [...new Set(models)];
}
