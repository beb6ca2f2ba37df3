import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type Harness, startHarness, until } from '../setup/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

/** Starts the workflow as the Temporal CLI would: any JSON, checked by nobody on the way. */
async function failureOf(...args: unknown[]): Promise<ApplicationFailure> {
  const { client } = harness.research;
  const running = client.workflow.execute('pipeline', { args, workflowId: randomUUID(), taskQueue: harness.taskQueue });
  const error: unknown = await running.catch((thrown: unknown) => thrown);
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  return error.cause;
}

test.each<[string, unknown[], RegExp]>([
  [
    'a wrong field',
    [{ steps: [{ id: 'a', prompt: '' }] }],
    /steps\[0\]\.prompt: expected a prompt that is not empty, got ""/,
  ],
  ['a string instead of an object', ['{"steps":[]}'], /input: expected object/],
  ['no argument', [], /input: expected object, got nothing/],
  [
    'two arguments',
    [{ steps: [{ id: 'a', prompt: 'x' }] }, 'more'],
    /input: expected one object argument, got 2 arguments/,
  ],
  [
    'a secret',
    [
      {
        steps: [
          {
            id: 'a',
            prompt: 'x',
            tools: [{ type: 'mcp', server_label: 'l', require_approval: 'never', authorization: 'hidden-value' }],
          },
        ],
      },
    ],
    /tools\[0\]\.authorization: holds "authorization"/,
  ],
])('%s fails the run at once, not retryable', async (_name, args, message) => {
  const failure = await failureOf(...args);
  expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
  expect(failure.message).toMatch(message);
  expect(failure.message).not.toContain('hidden-value');
});

test('a step that the provider refuses tells what to change', async () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  const failure = await failureOf({ steps: [{ id: 'a', prompt: 'x', format: schema }] });
  expect(failure.type).toBe('NoOutput');
  expect(failure.message).toMatch(/a failed: InvalidRequest: .*text\.format\.schema/);
});

test('a wrong key is said once, with the variable to set', async () => {
  const wrong = await startHarness({ emulator: { apiKey: 'the-right-key' } });
  try {
    const run = await wrong.research.start({ steps: [{ id: 'a', prompt: 'x' }] });
    await expect(run.result()).rejects.toMatchObject({
      failure: { message: expect.stringMatching(/Unauthorized.*OPENAI_API_KEY/s) },
    });
  } finally {
    await wrong.close();
  }
});

test('a worker of another provider refuses the run and names both', async () => {
  const { taskQueue } = harness;
  const other = await startHarness({ seconds: 3600, taskQueue: `${taskQueue}-moved` });
  const run = await other.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  await until('the response is created', async () => (await other.creates(run.workflowId)).length === 1);
  await other.close();
  const moved = await startHarness({ taskQueue: other.taskQueue });
  try {
    await expect(moved.research.run(run.workflowId).result()).rejects.toMatchObject({
      failure: {
        message: expect.stringMatching(
          new RegExp(`ProviderMismatch.*emulator:${other.emulator.instanceId}.*emulator:${moved.emulator.instanceId}`),
        ),
      },
    });
  } finally {
    await moved.close();
  }
});
