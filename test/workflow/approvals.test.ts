import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PipelineInput, type RunHandle } from '../../client';
import { type Notification } from '../../contract/activities';
import { type Approval } from '../../contract/approval';
import { registerTools } from '../../tools';
import { type Harness, startHarness, until } from '../setup/harness';
import { payTool } from '../setup/pay-tool';

/** Bills that were paid, by their calls. */
const paid: string[] = [];
const pay = payTool({ onPaid: (key) => paid.push(key) });

let harness: Harness;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-research-asked-'));
  harness = await start();
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

function start(env: NodeJS.ProcessEnv = {}): Promise<Harness> {
  // Two of them may write at once.
  const command = `cat > ${folder}/$$ && mv ${folder}/$$ ${folder}/$$.json`;
  return startHarness({
    seconds: 0,
    env: { DURABLE_RESEARCH_NOTIFY_COMMAND: command, DURABLE_RESEARCH_BACKGROUND: 'full', ...env },
    deps: () => ({ tools: new Map(registerTools([pay])) }),
  });
}

/** What the receiver was told of a run. */
async function told({ workflowId }: RunHandle, type: string): Promise<Notification[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  const all = texts.map((text) => JSON.parse(text) as Notification);
  return all.filter((one) => one.workflowId === workflowId && one.type === type);
}

/** The question of a step, once it is asked. */
async function asked(run: RunHandle, stepId: string): Promise<Approval> {
  return until(`${stepId} asks`, async () => (await run.approvals()).find((one) => one.stepId === stepId));
}

const PAYING = { prompt: 'Pay the bill of 7 euros.', tools: ['pay'], after: [] };

/** When the creates of a step were to be over at the latest, as history tells. */
async function deadlines({ workflowId }: RunHandle, stepId: string): Promise<number[]> {
  const { events } = await harness.research.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (!scheduled?.activityId?.startsWith(`create:${stepId}/`)) return [];
    const [payload] = scheduled.input?.payloads ?? [];
    return (JSON.parse(Buffer.from(payload?.data ?? []).toString()) as { deadlineAt: number }).deadlineAt;
  });
}

test('what nobody decides in time counts as the step says, and the time of people is not the time of the step', async () => {
  const run = await harness.research.start({
    steps: [
      { id: 'yes', ...PAYING, approval: { within: '1s', otherwise: 'approve' } },
      { id: 'no', ...PAYING, approval: { within: '1s' } },
      // Without a time of its own a question is open until the deadline of its step, which it fails.
      { id: 'late', ...PAYING, deadline: '4s' },
    ],
  });
  const approval = await asked(run, 'yes');
  expect(approval).toEqual({
    id: expect.stringMatching(/^yes\/1\/call_/),
    kind: 'tool',
    stepId: 'yes',
    question: 'call pay?',
    detail: expect.stringContaining('7'),
    askedAt: expect.any(Number),
    deadlineAt: approval.askedAt + 1_000,
    onDeadline: 'approve',
  });
  const { onDeadline, askedAt, deadlineAt } = await asked(run, 'late');
  expect(onDeadline).toBe('reject');
  expect(deadlineAt - askedAt).toBeLessThanOrEqual(4_000);
  const { outcome, steps } = await run.result();
  expect(outcome).toBe('partial');
  expect(steps['late']?.reason).toMatch(
    /^ApprovalRejected: nobody decided on late\/1\/call_\w+ before the step's deadline$/,
  );
  expect(paid.filter((key) => key.startsWith(`${run.workflowId}/`))).toEqual([`${run.workflowId}/${approval.id}`]);
  const { warnings } = await run.progress();
  expect(warnings.toSorted()).toEqual([
    expect.stringMatching(/^no\/1\/call_\w+ counts as rejected: nobody decided within 1s$/),
    expect.stringMatching(/^yes\/1\/call_\w+ counts as approved: nobody decided within 1s$/),
  ]);
  const [first = 0, second = 0] = await deadlines(run, 'no');
  expect(second - first).toBeGreaterThanOrEqual(1_000);
});

test('a person is told once of what waits, without what may be private; it stays the same in a new execution', async () => {
  const going = await start({ DURABLE_RESEARCH_HISTORY_EVENTS: '20' });
  try {
    const chain = ['c1', 'c2', 'c3', 'c4', 'c5'].map((id) => ({ id, prompt: 'Go on.' }));
    const asking = { id: 'asked', ...PAYING, approval: { within: '30d' } } as const;
    const input: PipelineInput = { steps: [asking, { id: 'c0', prompt: 'Explain Raft.', after: [] }, ...chain] };
    const run = await going.research.start(input);
    const before = await asked(run, 'asked');
    await until('the run waits for a person alone, in a later execution', async () => {
      const { counts } = await run.progress();
      return counts.ended === 6 && (await run.describe())?.runId !== run.runId;
    });
    expect(await run.approvals()).toEqual([before]);
    const { detail, ...approval } = before;
    expect(detail).toContain('7');
    const notification = { type: 'approval.requested', workflowId: run.workflowId, usd: expect.any(Number), approval };
    expect(await told(run, 'approval.requested')).toEqual([{ ...notification, runId: expect.any(String) }]);
    await run.decide({ id: before.id, approve: true });
    expect(await run.result()).toMatchObject({ outcome: 'completed' });
    expect(await told(run, 'approval.requested')).toHaveLength(1);
  } finally {
    await going.close();
  }
});
