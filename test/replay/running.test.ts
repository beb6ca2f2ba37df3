import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type Harness, required, startHarness, until } from '../setup/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ emulator: { seconds: 3600 } });
});
afterAll(() => harness.close());

/** The command as CI would run it before a deploy. */
function replay(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const env = {
    PATH: process.env['PATH'],
    DURABLE_RESEARCH_HOME: harness.home,
    TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'),
    TEMPORAL_TASK_QUEUE: harness.taskQueue,
  };
  const main = join(__dirname, '../../dist/cli/main.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'replay', ...args], { env }, (error, stdout) =>
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trim().split('\n').toSorted() }),
    );
  });
}

test('open runs of the server are replayed: against this build, and against workflows that would break them', async () => {
  const steps = ['Explain Paxos.', 'Compare to Raft.'].map((prompt, i) => ({ id: `s${i}`, prompt, after: [] }));
  const runs = await Promise.all([0, 1].map(() => harness.research.start({ steps })));
  const ids = runs.map(({ workflowId }) => workflowId).toSorted();
  await until('both run, and the server lists them', async () => {
    const { count } = await harness.research.client.workflow.count(`TaskQueue = '${harness.taskQueue}'`);
    const creates = await Promise.all(ids.map((id) => harness.creates(id)));
    return count === 2 && creates.flat().length === 4;
  });
  const reordered = join(__dirname, '../fixtures/reordered-workflow.ts');
  const [fitting, breaking] = await Promise.all([
    replay('--running'),
    replay('--running', '--workflows', reordered, ids[0] ?? ''),
  ]);
  expect(fitting).toEqual({ code: 0, lines: ids.map((id) => `OK     ${id}`) });
  expect(breaking.code).toBe(1);
  expect(breaking.lines).toHaveLength(3);
  for (const line of breaking.lines)
    expect(line).toMatch(/^FAILED pipeline-\S+: DeterminismViolationError: .*TMPRL1100/);
});
