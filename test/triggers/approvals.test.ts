import { randomUUID } from 'node:crypto';
import { CliHome } from '../cli/cli';
import { type Harness, required, startHarness, until } from '../setup/harness';

/** The answer of the first create of every run is lost, and a person is asked. */
const ASKING = { steps: [{ id: 'explain', prompt: 'Explain Raft.' }], onAmbiguousCreate: 'ask' as const };
const ID = 'explain/1/create-1';

let harness: Harness;
let cli: CliHome;
beforeAll(async () => {
  harness = await startHarness({
    seconds: 0,
    emulator: { faults: ['drop_after_accept*2 where step_id=explain', 'long_queue:3600 where step_id=wait'] },
  });
  const { taskQueue: TEMPORAL_TASK_QUEUE } = harness;
  cli = await CliHome.create({ TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'), TEMPORAL_TASK_QUEUE });
});
afterAll(async () => {
  await cli.remove();
  await harness.close();
});

async function startAsking(workflowId: string) {
  const run = await harness.research.start(ASKING, { workflowId });
  await until('a person is asked', async () => (await run.progress()).approvals.length > 0);
  return run;
}

test('what waits is listed, and decided by an id that leads to its run', async () => {
  const [one, two] = [await startAsking(`team/${randomUUID()}`), await startAsking(randomUUID())];
  const ids = [one, two].map(({ workflowId }) => `${workflowId}/${ID}`);
  await until('both runs are listed', async () => {
    const { stdout } = await cli.run(['approvals', '--json']);
    return (JSON.parse(stdout) as unknown[]).length === 2;
  });
  const listed = await cli.run(['approvals']);
  for (const id of ids)
    expect(listed.stdout).toMatch(new RegExp(`^${id} {2}\\d.* left, then it counts as rejected$`, 'm'));
  expect(listed.stdout).toMatch(/^ {2}the answer of create 1 was lost and it may have been billed/m);
  expect((await cli.run(['status', two.workflowId])).stdout).toMatch(
    /\? waits for a person: .*approve \S+, or reject · the answer of create 1/,
  );

  const ambiguous = await cli.run(['approve', ID]);
  expect(ambiguous.stderr).toContain(`2 runs wait for a decision on "${ID}"; name one: `);
  for (const id of ids) expect(ambiguous.stderr).toContain(id);
  expect(ambiguous.code).toBe(2);

  expect(await cli.run(['approve', ids[0]!])).toMatchObject({ stdout: `${ids[0]} is approved.\n`, code: 0 });
  expect((await one.result()).outcome).toBe('completed');
  // The only one that is left.
  expect(await cli.run(['reject', ID, '--reason', 'too dear'])).toMatchObject({ code: 0 });
  await expect(two.result()).rejects.toThrow(/ApprovalRejected: another create was rejected: too dear/);
  expect(await cli.run(['approvals', two.workflowId])).toMatchObject({
    stdout: '',
    stderr: 'Nothing waits for a person.\n',
    code: 0,
  });
});

test.each([
  ['explain', /expected the id of an approval, as .*approvals shows it, got "explain"/],
  ['other/1/create-1', /no open run waits for a decision on "other\/1\/create-1"/],
  ['nobody/explain/1/create-1', /no run nobody in namespace "default"/],
])('a decision on %s is refused with what to do', async (id, message) => {
  const { code, stderr } = await cli.run(['approve', id]);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

test('a run that has ended takes no decision', async () => {
  const run = await harness.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  await run.result();
  const { code, stderr } = await cli.run(['approve', `${run.workflowId}/a/1/create-1`]);
  expect(stderr).toContain(`run ${run.workflowId}: has ended (completed)`);
  expect(code).toBe(2);
});

test('a run is told something, and brought to its end with what there is', async () => {
  const steps = [
    { id: 'ready', prompt: 'Explain Raft.' },
    { id: 'wait', prompt: 'Explain Paxos.' },
    { id: 'extra', prompt: 'Explain Zab.' },
    { id: 'write', prompt: 'Sum up.' },
  ];
  const run = await harness.research.start({ steps });
  await until('the second step waits for its response', async () => {
    const { steps: rows } = await run.progress();
    return rows.find(({ id }) => id === 'wait')?.responseId;
  });
  const steered = await cli.run(['steer', run.workflowId, 'Leave', 'prices', 'out.']);
  expect(steered).toMatchObject({ code: 0, stdout: expect.stringContaining('steer-1') });
  expect((await run.progress()).steering).toMatchObject([{ instruction: 'Leave prices out.' }]);
  const unknown = await cli.run(['steer', run.workflowId, 'x', '--step', 'nobody']);
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('"nobody"') });

  const finished = await cli.run(['finish', run.workflowId, '--cancel']);
  expect(finished).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 step skipped, 1 step being stopped, 1 final step to run'),
  });
  const { outcome, steps: ended } = await run.result();
  expect(outcome).toBe('partial');
  expect(ended).toMatchObject({ wait: { outcome: 'cancelled' }, extra: { outcome: 'skipped' } });
  const late = await cli.run(['finish', run.workflowId]);
  expect(late).toMatchObject({ code: 2, stderr: expect.stringContaining('has ended (completed)') });
});
