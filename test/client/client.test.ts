import { randomUUID } from 'node:crypto';
import { type FollowEvent, InvalidInputError, RunConflictError, RunNotFoundError, ResearchClient } from '../../client';
import { type Harness, moveClock, startHarness } from '../setup/harness';

const HOUR_SECONDS = 3600;

let harness: Harness;
/** Its responses end only when the emulator's clock is moved. */
let slow: Harness;
beforeAll(async () => {
  [harness, slow] = await Promise.all([startHarness({ seconds: 0.5 }), startHarness({ seconds: HOUR_SECONDS })]);
});
afterAll(() => Promise.all([harness.close(), slow.close()]));

const input = { steps: [{ id: 'explain', prompt: 'Explain Paxos.' }] };

describe('start', () => {
  test('the same id and input attach to the same run, open or closed', async () => {
    const workflowId = randomUUID();
    const first = await harness.research.start(input, { workflowId });
    const second = await harness.research.start({ ...input, maxParallel: undefined }, { workflowId });
    expect(second.runId).toBe(first.runId);
    await first.result();
    const third = await harness.research.start(input, { workflowId });
    expect(third.runId).toBe(first.runId);
    expect((await third.result()).outcome).toBe('completed');
    expect(await harness.creates(workflowId)).toHaveLength(1);
  });

  test('ten starts at the same moment are one run', async () => {
    const workflowId = randomUUID();
    const runs = await Promise.all(Array.from({ length: 10 }, () => harness.research.start(input, { workflowId })));
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(1);
    await runs[0]?.result();
    expect(await harness.creates(workflowId)).toHaveLength(1);
  });

  test('another input under the same id is refused', async () => {
    const workflowId = randomUUID();
    await harness.research.start(input, { workflowId });
    const other = harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Raft.' }] }, { workflowId });
    await expect(other).rejects.toBeInstanceOf(RunConflictError);
  });

  test('a new run under a closed id is asked for explicitly, under an open one it is refused', async () => {
    const workflowId = randomUUID();
    const first = await harness.research.start(input, { workflowId });
    await expect(harness.research.start(input, { workflowId, startNew: true })).rejects.toThrow(/is still open/);
    await first.result();
    const second = await harness.research.start(
      { steps: [{ id: 'other', prompt: 'Explain Raft.' }] },
      { workflowId, startNew: true },
    );
    expect(second.runId).not.toBe(first.runId);
    expect((await second.result()).steps).toHaveProperty('other');
  });

  test('a wrong pipeline starts nothing', async () => {
    const workflowId = randomUUID();
    await expect(harness.research.start({ steps: [] }, { workflowId })).rejects.toBeInstanceOf(InvalidInputError);
    expect(await harness.research.run(workflowId).describe()).toBeUndefined();
  });
});

describe('follow', () => {
  test('yields each change and ends with the result', async () => {
    const steps = [...input.steps, { id: 'compare', prompt: 'Compare to Raft.' }];
    const run = await slow.research.start({ steps });
    const events: FollowEvent[] = [];
    const waitedFor: string[] = [];
    for await (const event of run.follow({ intervalMs: 50 })) {
      events.push(event);
      const wait = event.kind === 'progress' && event.pending.find(({ activityId }) => activityId.startsWith('await:'));
      if (!wait || waitedFor.includes(wait.activityId)) continue;
      waitedFor.push(wait.activityId);
      await moveClock(slow.emulator, HOUR_SECONDS);
    }
    expect(events.at(-1)).toMatchObject({ kind: 'result', result: { outcome: 'completed' } });
    const states = events.flatMap((event) =>
      event.kind === 'progress' ? [event.steps.map(({ state }) => state).join()] : [],
    );
    expect(states).toEqual(expect.arrayContaining(['in_progress,waiting', 'ended,in_progress', 'ended,ended']));
    expect(waitedFor).toEqual([expect.stringMatching(/^await:resp_/), expect.stringMatching(/^await:resp_/)]);
  });

  test('says when no worker answers, and goes on until the caller stops', async () => {
    const idle = new ResearchClient(harness.research.client, `nobody-${randomUUID()}`);
    const run = await idle.start(input);
    const told = run.steer({ instruction: 'Be brief.' }).catch((error: unknown) => error);
    const stop = new AbortController();
    const kinds: string[] = [];
    for await (const event of run.follow({ intervalMs: 50, signal: stop.signal })) {
      kinds.push(event.kind === 'silent' ? event.message : event.kind);
      stop.abort();
    }
    expect(kinds).toEqual([
      expect.stringMatching(/no worker answers on task queue "nobody-.*start one with "durable-research worker"/),
    ]);
    expect(await told).toMatchObject({
      message: expect.stringMatching(
        /no worker polls task queue "nobody-.*then try again\. The run may take it all the same: look at its progress/,
      ),
    });
    await run.cancel();
  });

  test('a run that was refused before it began ends with its reason, whatever is asked', async () => {
    const workflowId = randomUUID();
    const { client } = harness.research;
    const args = [{ steps: [{ id: 'a', prompt: 'x', after: ['b'] }] }];
    await client.workflow.start('pipeline', { workflowId, taskQueue: harness.taskQueue, args });
    const run = harness.research.run(workflowId);
    const events: FollowEvent[] = [];
    for await (const event of run.follow({ intervalMs: 50 })) events.push(event);
    const refused = { failure: { type: 'InvalidInput', message: expect.stringContaining('steps[0].after[0]') } };
    expect(events).toEqual([{ kind: 'failed', error: expect.objectContaining(refused) }]);
    await expect(run.progress()).rejects.toMatchObject(refused);
    await expect(run.ledger()).rejects.toMatchObject(refused);
  });

  test('an empty id is refused at once', () => {
    expect(() => harness.research.run('')).toThrow(/expected the id of a run, got an empty one/);
  });

  test('an unknown run is said to be unknown', async () => {
    const run = harness.research.run('no-such-run');
    await expect(run.result()).rejects.toBeInstanceOf(RunNotFoundError);
    await expect(run.cancel()).rejects.toBeInstanceOf(RunNotFoundError);
    await expect(run.progress()).rejects.toBeInstanceOf(RunNotFoundError);
    await expect(run.follow()[Symbol.asyncIterator]().next()).rejects.toThrow(
      /no run no-such-run in namespace "default"/,
    );
  });
});
