import { stopLeftResponses } from '../../worker';
import { type Harness, startHarness, until, withFaults } from '../setup/harness';

let harness: Harness;
afterEach(() => harness.close());

test('of a terminated run the responses that run are stopped, and a create whose answer was lost is named', async () => {
  harness = await startHarness({
    seconds: 3_600,
    deps: (provider) => ({ provider: withFaults(provider, { explain: 'drop_after_accept*1' }) }),
  });
  const run = await harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Raft.' }] });
  await until('the second create is waited for', async () => {
    const pending = (await run.describe())?.raw.pendingActivities ?? [];
    return pending.some(({ activityId }) => activityId?.startsWith('await:'));
  });
  await harness.research.client.workflow.getHandle(run.workflowId).terminate('a test');

  const env = { OPENAI_API_KEY: 'test', OPENAI_BASE_URL: harness.emulator.url };
  const left = await stopLeftResponses(env, harness.research.client, run.workflowId);
  const [lost, second] = await harness.creates(run.workflowId);
  expect(left.unanswered).toEqual(['create:explain/1/1']);
  expect(left.stopped).toEqual([expect.objectContaining({ responseId: second?.id, status: 'cancelled' })]);
  expect([lost?.status, second?.status]).toEqual([expect.stringMatching(/queued|in_progress/), 'cancelled']);
});
