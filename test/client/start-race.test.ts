import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { ResearchClient } from '../../client';
import { type Harness, startHarness } from '../setup/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const input = { steps: [{ id: 'explain', prompt: 'Explain Paxos.' }] };

/** A client whose start reaches the server only after somebody else's run of the same id has begun and ended. */
function slowClient(): ResearchClient {
  const { connection } = harness.research.client;
  const interceptor = {
    async start<T extends { workflowId?: string; options: { workflowId: string } }>(
      started: T,
      next: (input: T) => Promise<string>,
    ) {
      await (await harness.research.start(input, { workflowId: started.options.workflowId })).result();
      return next(started);
    },
  };
  return new ResearchClient(new Client({ connection, interceptors: { workflow: [interceptor] } }), harness.taskQueue);
}

test('a run that began and ended between the question and the start is attached to, not paid twice', async () => {
  const workflowId = randomUUID();
  const run = await slowClient().start(input, { workflowId });
  expect((await run.result()).outcome).toBe('completed');
  expect(await harness.creates(workflowId)).toHaveLength(1);
});
