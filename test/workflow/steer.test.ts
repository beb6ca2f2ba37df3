import { type RunHandle } from '../../client';
import { type CreateBody, type Provider } from '../../openai/port';
import { registerTools } from '../../tools';
import { type Harness, moveClock, startHarness, until } from '../setup/harness';
import { payTool } from '../setup/pay-tool';

const HOUR = 3_600;
const MARK = '[Instruction of the person who follows this research';
const pay = payTool();

let harness: Harness;
/** Bodies of the creates, by run, step and turn; of one that was repeated, the last. */
const sent = new Map<string, CreateBody>();

beforeAll(async () => {
  harness = await startHarness({
    seconds: 0,
    emulator: { faults: [`long_queue:${HOUR} where step_id=slow`, 'drop_after_accept*1 where step_id=lost'] },
    env: { DURABLE_RESEARCH_BACKGROUND: 'full' },
    deps: (provider) => ({ provider: recording(provider), tools: new Map(registerTools([pay])) }),
  });
});
afterAll(() => harness.close());

function recording(provider: Provider): Provider {
  return {
    ...provider,
    createResponse: (body, ...rest) => {
      const { workflow_id: id, step_id: step, turn } = body['metadata'] as Record<string, string>;
      sent.set(`${id}/${step}/${turn}`, body);
      return provider.createResponse(body, ...rest);
    },
  };
}

/** What people have told a turn, in the order of its input; each has to be a message of the user of its own. */
function told({ workflowId }: RunHandle, turn: string): string[] {
  return (sent.get(`${workflowId}/${turn}`)?.input ?? []).flatMap(({ role, content }) => {
    const [part] = Array.isArray(content) ? (content as { text?: string }[]) : [];
    const [mark = '', instruction = ''] = part?.text?.split('\n\n') ?? [];
    return role === 'user' && mark.startsWith(MARK) ? [instruction] : [];
  });
}

async function slowRuns(run: RunHandle): Promise<void> {
  await until('the slow step runs', async () => (await run.progress()).counts.inProgress === 1);
}

test('what a person says reaches every later step once, and one step alone where it is for one', async () => {
  const ids = ['slow', 'lost', 'write'];
  const run = await harness.research.start({
    steps: ids.map((id) => ({ id, prompt: 'Explain Raft.', maxQueued: '2h' })),
  });
  await slowRuns(run);
  const all = await run.steer({ instruction: 'Leave prices out.' });
  expect(all).toEqual({ id: 'steer-1', instruction: 'Leave prices out.', askedAt: expect.any(Number), takenBy: [] });
  await run.steer({ instruction: 'Be brief.', stepId: 'write' });
  await run.steer({ instruction: 'Search more.', stepId: 'slow' });
  expect((await run.progress()).steering.map(({ takenBy }) => takenBy)).toEqual([[], [], []]);
  await expect(run.steer({ instruction: 'x', stepId: 'nobody' })).rejects.toThrow(
    'there is no step "nobody"; open steps: "slow", "lost", "write"',
  );
  await expect(run.steer({ instruction: ' ' })).rejects.toThrow(
    /instruction: expected an instruction that is not empty/,
  );
  const secret = `sk-${'a1'.repeat(20)}`;
  const refused = await run.steer({ instruction: `Use ${secret}.` }).catch((error: unknown) => String(error));
  expect(refused).toMatch(/holds a credential/);
  expect(refused).not.toContain(secret);
  await moveClock(harness.emulator, HOUR);
  expect((await run.result()).outcome).toBe('completed');
  expect(['slow/1', 'lost/1', 'write/1'].map((turn) => told(run, turn))).toEqual([
    [],
    // Said again where its create was repeated.
    ['Leave prices out.'],
    ['Leave prices out.', 'Be brief.'],
  ]);
  const { steering, warnings } = await run.progress();
  expect(steering.map(({ id, takenBy }) => [id, takenBy])).toEqual([
    ['steer-1', ['lost', 'write']],
    ['steer-2', ['write']],
    ['steer-3', []],
  ]);
  expect(warnings).toContain('steer-3 was taken up by no step: none created a response after it came');
  await expect(run.steer({ instruction: 'Too late.' })).rejects.toThrow(/has ended \(completed\)/);
});

test('a later turn of a step at work takes it up, after the outputs of its tools', async () => {
  const run = await harness.research.start({
    steps: [{ id: 'buy', prompt: 'Pay the bill of 7 euros.', tools: ['pay'] }],
  });
  const approval = await until('a person is asked', async () => (await run.approvals())[0]);
  await run.steer({ instruction: 'Answer in one word.' });
  await run.decide({ id: approval.id, approve: true });
  expect((await run.result()).outcome).toBe('completed');
  expect([told(run, 'buy/1'), told(run, 'buy/2')]).toEqual([[], ['Answer in one word.']]);
  const second = sent.get(`${run.workflowId}/buy/2`);
  expect(second?.input.map(({ type }) => type)).toEqual(['function_call_output', 'message']);
});

test('what is said while a step waits for room in the budget needs room as well', async () => {
  const step = { id: 'write', prompt: 'Explain Raft.', maxOutputTokens: 1_000 };
  const run = await harness.research.start({ steps: [step], budget: { tokens: 100 } });
  const asksFor = async (): Promise<number | undefined> => (await run.progress()).budget?.raiseTo?.tokens;
  const before = await until('the run is paused', asksFor);
  await run.steer({ instruction: 'Be brief. '.repeat(300) });
  const after = (await asksFor()) ?? 0;
  expect(after).toBeGreaterThanOrEqual(before + 1_000);
  // What was asked for before it was said is not enough any more.
  expect(await run.raiseBudget({ tokens: before })).toMatchObject({ raiseTo: { tokens: after } });
  await run.raiseBudget({ tokens: after });
  const { ledger } = await run.result();
  expect(ledger.total.creates).toBe(1);
  expect(told(run, 'write/1')).toHaveLength(1);
});
