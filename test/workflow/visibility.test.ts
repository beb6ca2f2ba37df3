import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Harness, moveClock, required, startHarness, until } from '../setup/harness';

const HOUR_SECONDS = 3600;

/** Its responses end only when the emulator's clock is moved. */
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ seconds: HOUR_SECONDS });
});
afterAll(() => harness.close());

async function temporal(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(required('TEST_TEMPORAL_CLI'), [
    ...args,
    '--address',
    required('TEST_TEMPORAL_ADDRESS'),
  ]);
  return stdout;
}

test('progress tells what changed, what it waits for, and the account agrees with the result', async () => {
  const run = await harness.research.start({
    steps: [
      { id: 'explain', prompt: 'Explain Paxos.' },
      { id: 'compare', prompt: 'Compare to Raft.' },
    ],
  });
  const first = await until('the first response is in progress', async () => {
    const progress = await run.progress().catch(() => undefined);
    return progress?.counts.inProgress === 1 ? progress : undefined;
  });
  expect(first).toMatchObject({ stage: 'running', simulated: true, more: false, counts: { total: 2, ended: 0 } });
  expect(first.steps.map(({ id, state }) => [id, state])).toEqual([
    ['explain', 'in_progress'],
    ['compare', 'waiting'],
  ]);
  expect(first.waitingFor[0]).toMatch(/^explain: response resp_/);
  expect((await run.ledger())?.reservedUsd).toBeGreaterThan(0);

  await moveClock(harness.emulator, HOUR_SECONDS);
  await until('the second response is in progress', async () => {
    const { counts } = await run.progress();
    return counts.ended === 1 && counts.inProgress === 1;
  });
  await moveClock(harness.emulator, HOUR_SECONDS);
  const result = await run.result();
  const changed = await run.progress({ since: first.version });
  expect(changed).toMatchObject({ stage: 'ended', counts: { ended: 2 }, usd: result.ledger.total.usd });
  expect(changed.steps.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['explain', 'completed'],
    ['compare', 'completed'],
  ]);
  expect(changed.steps[0]?.preview?.length).toBeGreaterThan(10);
  expect((await run.progress({ since: changed.version })).steps).toEqual([]);
  expect(await run.ledger()).toEqual(result.ledger);
});

test("Temporal's own tools read well: summaries, current details, and a pending wait that says it is none to worry about", async () => {
  const run = await harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Paxos.' }] });
  const described = await until('the wait backs off', async () => {
    const text = await temporal('workflow', 'describe', '--workflow-id', run.workflowId);
    return text.includes('waiting, not an error') ? text : undefined;
  });
  expect(described).toMatch(/waiting, not an error: response resp_\w+ has not ended after \d+ s/);
  const metadata = await temporal('workflow', 'metadata', '--workflow-id', run.workflowId);
  expect(metadata).toMatch(/0 of 1 steps ended/);
  expect(metadata).toMatch(/\| explain \| in progress/);
  await moveClock(harness.emulator, HOUR_SECONDS);
  await run.result();
  const history = await run.describe();
  expect(await history?.staticSummary()).toBe('Explain Paxos.');
  const shown = await temporal('workflow', 'show', '--workflow-id', run.workflowId, '--output', 'json');
  const { events } = JSON.parse(shown) as { events: { userMetadata?: { summary?: { data: string } } }[] };
  const summaries = events.map(({ userMetadata }) =>
    Buffer.from(userMetadata?.summary?.data ?? '', 'base64').toString(),
  );
  expect(summaries).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^"explain · create 1 · gpt-/),
      expect.stringMatching(/^"explain · waiting for resp_/),
    ]),
  );
});
