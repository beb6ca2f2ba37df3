import { type WorkflowExecutionInfo } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { type Harness, required, startHarness } from '../setup/harness';

const MAX_STEPS = 500;
/** Three of a create whose response has ended with it, three of the workflow task that takes its answer; and the run's. */
const MAX_EVENTS_A_STEP = 6.2;

let harness: Harness;
afterEach(() => harness.close());

/** A document of the run's input, so long that a few prompts with it are more than one message to Temporal can hold. */
function document(bytes: number): string {
  return 'a word '.repeat(bytes / 7);
}

async function executionsOf(workflowId: string): Promise<WorkflowExecutionInfo[]> {
  const found = [];
  for await (const one of harness.research.client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    found.push(one);
  return found;
}

test('steps that send more at once than Temporal takes in one message are created a few at a time', async () => {
  harness = await startHarness({ seconds: 0 });
  const steps = Array.from({ length: 12 }, (_, i) => ({ id: `s${i}`, prompt: 'Explain {{input.doc}}', after: [] }));
  const big = { id: 'big', prompt: '{{input.doc}}'.repeat(5), after: [] };
  const run = await harness.research.start({
    steps: [...steps, big],
    input: { doc: document(400_000) },
    maxParallel: 100,
  });
  const result = await run.result();
  expect(result.outcome).toBe('partial');
  expect(result.steps['big']).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/^InvalidRequest: what step "big" sends takes 2\d{6} bytes.*at most 1900000/),
  });
  expect(result.steps['s11']).toMatchObject({ outcome: 'completed', usage: { input: expect.any(Number) } });
  expect(await harness.creates(run.workflowId)).toHaveLength(12);
  const executions = await executionsOf(run.workflowId);
  expect(executions.length).toBeGreaterThan(1);
  // Whoever takes a run up must be able to read its history: that, too, is one message.
  const workflowBundle = { codePath: required('TEST_WORKFLOW_BUNDLE') };
  for (const { runId } of executions) {
    const history = await harness.research.client.workflow.getHandle(run.workflowId, runId).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle }, history, run.workflowId);
  }
}, 60_000);

test('a pipeline of 500 steps creates 500 responses, and a step of it costs no more than it does in a small one', async () => {
  harness = await startHarness({ seconds: 0 });
  const wide = Array.from({ length: MAX_STEPS - 1 }, (_, i) => ({ id: `s${i}`, prompt: `Explain ${i}.`, after: [] }));
  const last = { id: 'last', prompt: 'Sum up.', context: { strategy: 'stateless' as const, from: 'all' as const } };
  const run = await harness.research.start({ steps: [...wide, last], maxParallel: 100 });
  const result = await run.result();
  expect(result).toMatchObject({ outcome: 'completed', textFrom: [expect.any(String)] });
  const creates = await harness.creates(run.workflowId);
  expect(new Set(creates.map(({ metadata }) => metadata['step_id'])).size).toBe(MAX_STEPS);
  expect(creates).toHaveLength(MAX_STEPS);
  const executions = await executionsOf(run.workflowId);
  const events = executions.reduce((sum, { historyLength }) => sum + historyLength, 0);
  expect(events / MAX_STEPS).toBeLessThan(MAX_EVENTS_A_STEP);
}, 60_000);
