import { randomUUID } from 'node:crypto';
import {
  Client,
  ServiceError,
  type WorkflowClientInterceptor,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ResearchClient } from '../../client';
import { moveClock, type Harness, startHarness } from '../setup/harness';

/** Its responses end only when the emulator's clock is moved. */
const HOUR_SECONDS = 3600;
const INPUT = { steps: [{ id: 'explain', prompt: 'Explain Paxos.' }] };

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ seconds: HOUR_SECONDS });
});
afterAll(() => harness.close());

/** A client whose first query and first update come back too late: the worker has answered, and nobody waits. */
function slowClient(): ResearchClient {
  const { connection, options } = harness.research.client;
  const late = new Set<string>();
  const tooLate = (what: string): Error | undefined => {
    if (late.has(what)) return undefined;
    late.add(what);
    return Object.assign(new Error('Deadline exceeded'), { code: 4, details: '', metadata: {} });
  };
  const interceptor: WorkflowClientInterceptor = {
    async query(input, next) {
      const answer = await next(input);
      const cause = tooLate('query');
      if (cause) throw new ServiceError('Failed to query Workflow', { cause });
      return answer;
    },
    async startUpdate(input, next) {
      const answer = await next(input);
      const cause = tooLate('update');
      if (cause) throw new WorkflowUpdateRPCTimeoutOrCancelledError('Call cancelled', { cause });
      return answer;
    },
  };
  const client = new Client({ connection, identity: options.identity, interceptors: { workflow: [interceptor] } });
  return new ResearchClient(client, harness.taskQueue);
}

test('a worker whose answer comes too late is asked again, and what the run was told it takes once', async () => {
  const run = await slowClient().start(INPUT);
  expect((await run.progress()).counts.total).toBe(1);
  const { id } = await run.steer({ instruction: 'Be brief.' });
  const { steering } = await run.progress();
  expect(steering.map((one) => one.id)).toEqual([id]);
  await moveClock(harness.emulator, HOUR_SECONDS);
  expect((await run.result()).outcome).toBe('completed');
});

test('where no worker polls, that is said, and what to do', async () => {
  const taskQueue = `nobody-${randomUUID()}`;
  const run = await new ResearchClient(harness.research.client, taskQueue).start(INPUT);
  const said = `run ${run.workflowId}: no worker polls task queue "${taskQueue}"; start one with "durable-research worker", then try again`;
  const [asked, told] = await Promise.allSettled([run.progress(), run.finishNow()]);
  expect(asked).toMatchObject({ reason: { name: 'NoAnswerError', message: said } });
  expect(told).toMatchObject({
    reason: { name: 'NoAnswerError', message: expect.stringContaining(`${said}. The run may take it all the same`) },
  });
  await harness.research.client.workflow.getHandle(run.workflowId).terminate();
});
