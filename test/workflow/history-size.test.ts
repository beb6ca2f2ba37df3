import { type Provider, type ProviderResponse } from '../../openai';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { type Harness, startHarness } from '../setup/harness';

const OUTPUT_BYTES = 20_000;
const STEPS = 50;

/** Outputs of 20 KB, whatever the model says: every step then reads and sends that much. */
function withLongOutputs(provider: Provider): Provider {
  return {
    ...provider,
    // As the API does: what is created is queued.
    createResponse: async (...args) => ({ ...(await provider.createResponse(...args)), status: 'queued', output: [] }),
    async retrieveResponse(responseId): Promise<ProviderResponse> {
      const response = await provider.retrieveResponse(responseId);
      if (response.status !== 'completed') return response;
      const content = [{ type: 'output_text', text: 'long words '.repeat(OUTPUT_BYTES / 11), annotations: [] }];
      return {
        ...response,
        output: [{ type: 'message', id: `msg_${responseId}`, role: 'assistant', status: 'completed', content }],
      };
    },
  };
}

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({
    seconds: 0,
    env: { DURABLE_RESEARCH_BACKGROUND: 'full' },
    deps: (provider) => ({ provider: withLongOutputs(provider) }),
  });
});
afterAll(() => harness.close());

test('history a step does not grow with the number or size of the steps before it', async () => {
  const steps = Array.from({ length: STEPS }, (_, i) => ({
    id: `s${String(i + 1).padStart(2, '0')}`,
    prompt: `Go on, part ${i + 1}.`,
  }));
  const run = await harness.research.start({ steps });
  const result = await run.result();
  expect(result.text?.length).toBeGreaterThan(OUTPUT_BYTES - 100);
  const creates = await harness.creates(run.workflowId);
  // The outputs really went along: each step was sent the one before it.
  expect(creates.at(-1)?.input_bytes).toBeGreaterThan(OUTPUT_BYTES);

  const bytes = await bytesByStep(run.workflowId);
  expect(bytes.size).toBe(STEPS);
  const [fifth = 0, last = 0] = [bytes.get('s05'), bytes.get('s50')];
  expect(fifth).toBeGreaterThan(1_000);
  expect(last / fifth).toBeGreaterThan(0.9);
  expect(last / fifth).toBeLessThan(1.1);
}, 120_000);

/** Bytes of all events from a step's create up to the next step's create, or to the end of the run's steps. */
async function bytesByStep(workflowId: string): Promise<Map<string, number>> {
  const history = await harness.research.client.workflow.getHandle(workflowId).fetchHistory();
  const { events } = JSON.parse(historyToJSON(history)) as {
    events: Record<string, { activityId?: string; activityType?: { name: string } }>[];
  };
  const bytes = new Map<string, number>();
  let step: string | undefined;
  for (const event of events) {
    const scheduled = event['activityTaskScheduledEventAttributes'];
    if (scheduled?.activityType?.name === 'durableResearch.readText') break;
    step = /^create:(\w+)\//.exec(scheduled?.activityId ?? '')?.[1] ?? step;
    if (step) bytes.set(step, (bytes.get(step) ?? 0) + Buffer.byteLength(JSON.stringify(event)));
  }
  return bytes;
}
