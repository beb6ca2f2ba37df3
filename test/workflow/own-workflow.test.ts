import { randomUUID } from 'node:crypto';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { type Harness, startHarness } from '../setup/harness';

let harness: Harness;
beforeAll(async () => {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve('../fixtures/own-workflow'),
    logger: new DefaultLogger('ERROR'),
  });
  harness = await startHarness({ worker: { worker: { workflowBundle } } });
});
afterAll(() => harness.close());

function execute<T>(type: string, ...args: unknown[]): Promise<T> {
  return harness.research.client.workflow.execute(type, {
    args,
    workflowId: randomUUID(),
    taskQueue: harness.taskQueue,
  });
}

test('respond() is a building block of a workflow of the user', async () => {
  const result = await execute<{ agreed: boolean; preview: string; usd: number }>('twoOpinions', 'Raft');
  expect(result).toEqual({ agreed: true, preview: expect.stringMatching(/\w/), usd: expect.any(Number) });
  expect(result.usd).toBeGreaterThan(0);
});

test("the engine's own workflows live beside it", async () => {
  const result = await execute<{ outcome: string }>('pipeline', { steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  expect(result.outcome).toBe('completed');
});

test('it goes on in a new execution with its account, its rows and its conversation', async () => {
  const workflowId = randomUUID();
  const { workflow } = harness.research.client;
  const options = { args: [], workflowId, taskQueue: harness.taskQueue };
  expect(await workflow.execute('goesOn', options)).toEqual({ creates: 2, rows: 2 });
  const [first, second] = await harness.creates(workflowId);
  expect(first?.conversation).toMatch(/^conv_/);
  expect(second?.conversation).toBe(first?.conversation);
});

test('a step id that is used twice fails the run', async () => {
  await expect(execute('sameIdTwice')).rejects.toMatchObject({
    cause: { type: 'InvalidInput', message: expect.stringMatching(/step "a" is not valid: id: is used twice/) },
  });
});

test.each<[object, RegExp]>([
  [{ id: 'a/b' }, /step "a\/b" is not valid: id: expected 1-64 letters/],
  [{ id: 'a', deadline: 'soon' }, /deadline: expected a duration such as .*, got "soon"/],
  [{ id: 'a', tools: [{ type: 'mcp', authorization: 'hidden-value' }] }, /tools\[0\]\.authorization: holds/],
])('a step that is wrong fails the run in words: %j', async (step, message) => {
  const error: unknown = await execute('anyStep', { prompt: 'x', ...step }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ cause: { type: 'InvalidInput', message: expect.stringMatching(message) } });
  expect((error as { cause: Error }).cause.message).not.toContain('hidden-value');
});
