import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Harness, required, startHarness, until } from '../setup/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const EXAMPLES = join(__dirname, '../../examples');

/** The real CLI, as README and docs/triggers.md name its options. */
async function temporal(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    required('TEST_TEMPORAL_CLI'),
    [...args, '--address', required('TEST_TEMPORAL_ADDRESS')],
    {
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  return stdout;
}

function start(workflowId: string, ...input: string[]): Promise<string> {
  return temporal(
    'workflow',
    'start',
    '--type',
    'pipeline',
    '--task-queue',
    harness.taskQueue,
    '--workflow-id',
    workflowId,
    ...input,
  );
}

test.each(readdirSync(EXAMPLES).filter((name) => name.endsWith('.json')))(
  'temporal workflow start --input-file examples/%s',
  async (name) => {
    const workflowId = randomUUID();
    const printed = await start(workflowId, '--input-file', join(EXAMPLES, name));
    expect(printed).toMatch(/Running execution:/);
    const result: unknown = JSON.parse(
      await temporal('workflow', 'result', '--workflow-id', workflowId, '--output', 'json'),
    );
    expect(result).toHaveProperty('status', 'COMPLETED');
    expect(result).toHaveProperty('result.outcome', 'completed');
    expect(result).toHaveProperty('result.text', expect.stringMatching(/\w{3}/));
  },
);

test('queries answer the CLI', async () => {
  const workflowId = randomUUID();
  await start(workflowId, '--input', '{"steps":[{"id":"a","prompt":"Explain Raft."}]}');
  await temporal('workflow', 'result', '--workflow-id', workflowId);
  const progress = await temporal(
    'workflow',
    'query',
    '--workflow-id',
    workflowId,
    '--name',
    'progress',
    '--input',
    '{"since":0}',
  );
  expect(progress).toMatch(/"stage": ?"ended"/);
  const ledger = await temporal('workflow', 'query', '--workflow-id', workflowId, '--name', 'ledger');
  expect(ledger).toMatch(/"creates": ?1/);
});

test('a wrong input fails the run at once, and the CLI shows why', async () => {
  const workflowId = randomUUID();
  await start(workflowId, '--input', '{"steps":[{"id":"a","prompt":"x","after":["b"]}]}');
  const failed = (await temporal('workflow', 'result', '--workflow-id', workflowId).catch(
    (error: unknown) => error,
  )) as { stdout: string; stderr: string };
  expect(failed.stdout + failed.stderr).toMatch(
    /InvalidInput[^]*steps\[0\]\.after\[0\]: expected the id of a step, got "b"|steps\[0\]\.after\[0\]: expected the id of a step, got "b"/,
  );
});

test('a cancel by the CLI ends the run', async () => {
  const workflowId = randomUUID();
  const slow = await startHarness({ seconds: 60 });
  try {
    await temporal(
      'workflow',
      'start',
      '--type',
      'pipeline',
      '--task-queue',
      slow.taskQueue,
      '--workflow-id',
      workflowId,
      '--input',
      '{"steps":[{"id":"a","prompt":"x"}]}',
    );
    await until('the response is in progress', async () =>
      (await slow.creates(workflowId)).some(({ status }) => status === 'in_progress'),
    );
    await temporal('workflow', 'cancel', '--workflow-id', workflowId);
    await until(
      'the run is cancelled',
      async () => (await slow.research.run(workflowId).describe())?.status.name === 'CANCELLED',
    );
    expect((await slow.creates(workflowId)).map(({ status }) => status)).toEqual(['cancelled']);
  } finally {
    await slow.close();
  }
});

test('a Temporal Schedule runs a pipeline again and again', async () => {
  const scheduleId = randomUUID();
  const file = join(harness.home, 'daily.json');
  await writeFile(file, '{"steps":[{"id":"a","prompt":"Explain Raft."}]}');
  await temporal(
    'schedule',
    'create',
    '--schedule-id',
    scheduleId,
    '--interval',
    '1s',
    '--type',
    'pipeline',
    '--task-queue',
    harness.taskQueue,
    '--workflow-id',
    `scheduled-${scheduleId}`,
    '--input-file',
    file,
    '--overlap-policy',
    'Skip',
  );
  try {
    const ids = await until('two scheduled runs have completed', async () => {
      const found: string[] = [];
      const query = `WorkflowType = 'pipeline' AND ExecutionStatus = 'Completed' AND WorkflowId STARTS_WITH 'scheduled-${scheduleId}'`;
      for await (const { workflowId } of harness.research.client.workflow.list({ query })) found.push(workflowId);
      return found.length >= 2 ? found : undefined;
    });
    expect(new Set(ids).size).toBe(ids.length);
  } finally {
    await temporal('schedule', 'delete', '--schedule-id', scheduleId);
  }
});
