import { proxyActivities } from '@temporalio/workflow';
import { type plainActivities } from './plain-activities';

/** What a step asked and was answered. */
export interface Said {
  prompt: string;
  text: string;
}

const { plainCreate, plainAwait } = proxyActivities<ReturnType<typeof plainActivities>>({
  startToCloseTimeout: '1 minute',
  // Polls every 2 s, as the provider's documentation shows for a loop.
  retry: { initialInterval: '2s', backoffCoefficient: 1 },
});

/** A chain of steps, two activities each, as it is written in Temporal's SDK without this engine. */
export async function plainChain(steps: { id: string; prompt: string }[]): Promise<string> {
  let before: Said | undefined;
  for (const { id, prompt } of steps) {
    const responseId = await plainCreate({ id, prompt, before });
    before = { prompt, text: await plainAwait(responseId) };
  }
  return before?.text ?? '';
}
