import { randomUUID } from 'node:crypto';
import { type Context } from '@temporalio/activity';
import { type Priority } from '@temporalio/common';
import { type ActivityInterceptors } from '@temporalio/worker';
import { type HeldBack, heldBackText, type RunHandle } from '../../client';
import { type PipelineInput } from '../../contract/pipeline';
import { type Progress } from '../../contract/progress';
import { type Harness, startHarness, until } from '../setup/harness';

/** So few that one of two creates waits for minutes. */
const REQUESTS_PER_MINUTE = '1';
const HOUR_SECONDS = 3600;

/** With which priority the creates of runs came to the worker, by workflow id. */
const priorities = new Map<string, Priority | undefined>();
const notePriority = ({ info }: Context): ActivityInterceptors => {
  const workflowId = info.workflowExecution?.workflowId ?? '';
  if (info.activityType === 'durableResearch.createResponse') priorities.set(workflowId, info.priority);
  return {};
};

let harness: Harness;
let queued: Harness;
beforeAll(async () => {
  harness = await startHarness({
    seconds: HOUR_SECONDS,
    emulator: { rpm: 3 },
    env: { DURABLE_RESEARCH_BACKGROUND: 'full' },
    worker: { worker: { interceptors: { activity: [notePriority] } } },
  });
  queued = await startHarness({
    seconds: HOUR_SECONDS,
    env: {
      DURABLE_RESEARCH_BACKGROUND: 'full',
      DURABLE_RESEARCH_REQUESTS_PER_MINUTE: REQUESTS_PER_MINUTE,
    },
  });
});
afterAll(async () => {
  await harness.close();
  await queued.close();
});

/** Steps side by side, after a first one that tells the worker of the limits where there is one. */
function sideBySide(count: number, rest: Partial<PipelineInput> = {}): PipelineInput {
  const steps = Array.from({ length: count }, (_, i) => ({ id: `s${i}`, prompt: 'Explain Paxos.', after: [] }));
  return { steps, maxParallel: 100, ...rest };
}

/** Which steps are held back, once it is so many; asked again where the server is busy. */
function heldBack(run: RunHandle, count: number): Promise<HeldBack[]> {
  return until(`${count} steps are held back`, async () => {
    const held = await run.heldBack().catch((): HeldBack[] => []);
    return held.length >= count && held;
  });
}

/** Asked again where a busy machine takes longer for the answer than the client waits for it. */
function progressOf(run: RunHandle): Promise<Progress> {
  return until('the progress is told', () => run.progress().catch(() => undefined));
}

/** Activities of a run, as its history has scheduled them. */
async function activities(h: Harness, workflowId: string) {
  const { events } = await h.research.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled ?? []);
}

test('a create that would be refused is not sent, says why, and ends at once with its run', async () => {
  const first = await harness.research.start(sideBySide(1));
  await until('the first step is created', async () => (await harness.creates(first.workflowId)).length === 1);

  const run = await harness.research.start(sideBySide(5, { budget: { usd: 5 } }));
  const held = await heldBack(run, 3);
  expect(heldBackText(held[0]!, 0)).toMatch(/^s\d: held back by the provider's rate limit, next try in \d+ s$/);
  const description = await run.describe();
  const reasons = (description?.raw.pendingActivities ?? []).flatMap(({ lastFailure }) =>
    lastFailure?.applicationFailureInfo?.type === 'HeldBack' ? [lastFailure.message] : [],
  );
  expect(reasons).toEqual(
    Array(3).fill(expect.stringMatching(/^held back before it was sent: the requests a minute of \S+ at emulator:/)),
  );
  expect(await harness.creates(run.workflowId)).toHaveLength(2);
  // What waits keeps its room in the budget.
  const { budget } = await progressOf(run);
  expect(budget?.counted.usd).toBeGreaterThan(0);

  const cancelledAt = Date.now();
  await run.cancel();
  await expect(run.result()).rejects.toThrow(/cancelled/i);
  expect(Date.now() - cancelledAt).toBeLessThan(held[0]!.nextTryAt! - cancelledAt);
  expect(await harness.creates(run.workflowId)).toHaveLength(2);
  await first.cancel();
});

test('creates of a fleet with a limit wait for their turn on a queue of their own, which is shown', async () => {
  const run = await queued.research.start(
    sideBySide(8, { priority: 2, fairnessKey: 'acme', fairnessWeight: 0.5, defaults: { deadline: '1h' } }),
  );
  const held = await heldBack(run, 4);
  expect(heldBackText(held[0]!, 0)).toMatch(/^s\d: held back by the creates of all runs, waiting for its turn$/);
  const { steps, waitingFor } = await progressOf(run);
  const waiting = steps.filter(({ doing }) => doing === 'waiting for its turn to create');
  expect(waiting.length).toBeGreaterThanOrEqual(4);
  expect(waiting.every(({ state }) => state === 'creating')).toBe(true);
  expect(waitingFor).toContain(`${waiting[0]!.id}: waiting for its turn to create`);

  const scheduled = await activities(queued, run.workflowId);
  const creates = scheduled.filter(({ activityId }) => activityId?.startsWith('create:'));
  expect(creates.map(({ taskQueue }) => taskQueue?.name)).toEqual(Array(8).fill(`${queued.taskQueue}.creates`));
  expect(creates[0]?.priority).toMatchObject({ priorityKey: 2, fairnessKey: 'acme', fairnessWeight: 0.5 });
  expect(scheduled.find(({ activityId }) => activityId?.startsWith('await:'))?.taskQueue?.name).toBe(queued.taskQueue);
  await run.cancel();
  await expect(run.result()).rejects.toThrow(/cancelled/i);
});

test('a step whose create gets no turn ends at its deadline, and has cost nothing', async () => {
  const run = await queued.research.start(sideBySide(8, { defaults: { deadline: '3s', retries: 0 } }));
  await expect(run.result()).rejects.toThrow(/had not got its turn by the step's deadline/);
  const { steps } = await progressOf(run);
  const missed = steps.filter(({ reason }) => reason?.includes('had not got its turn'));
  expect(missed.length).toBeGreaterThanOrEqual(4);
  expect(missed[0]).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/^DeadlineExceeded: create:s/) });
  const ledger = await until('the account is told', () => run.ledger().catch(() => undefined));
  expect(ledger.ambiguous).toEqual([]);
  expect((await queued.creates(run.workflowId)).length).toBe(8 - missed.length);
});

test('a run that was started by plain Temporal hands the priority of its workflow to its creates', async () => {
  const workflowId = `plain-${randomUUID()}`;
  await harness.research.client.workflow.start('pipeline', {
    args: [{ steps: [{ id: 's0', prompt: 'Explain Paxos.' }] }],
    workflowId,
    taskQueue: harness.taskQueue,
    priority: { priorityKey: 1, fairnessKey: 'acme' },
  });
  const priority = await until('its create has begun', async () => priorities.get(workflowId));
  expect(priority).toMatchObject({ priorityKey: 1, fairnessKey: 'acme' });
  await harness.research.run(workflowId).cancel();
});

test.each([
  [{ priority: 6 }, /priority: .*got 6/],
  [{ fairnessKey: 'ä'.repeat(33) }, /fairnessKey: expected a text of at most 64 bytes/],
  [{ fairnessKey: 'half \ud83d' }, /fairnessKey: expected a text without halves of signs/],
  [{ fairnessWeight: 0 }, /fairnessWeight: .*got 0/],
])('%j is refused before anything is started', async (order, message) => {
  await expect(harness.research.start(sideBySide(1, order))).rejects.toThrow(message);
});
