import { type PipelineInput, type RunHandle } from '../../client';
import { type Bank, startBank } from './approved-bank';
import { eventually, Stack } from './approved-stack';
import { audit } from './storm/accounts';
import { endOf, startRun } from './storm/runs';

/** Of a response that has to be seen before it ends, until the clock is moved. */
const HOUR_SECONDS = 3600;
/** Of every other response. */
const SECONDS = 1;

const PIPELINE: PipelineInput = {
  steps: [{ id: 'ask', prompt: 'Charge, and pay back.', tools: ['charge', 'refund'] }],
};
const REFUND = 'ask/1/call_refund';
const CALLS = ['charge', 'refund'].map((name) => ({ name, arguments: { amount: 5 }, call_id: `call_${name}` }));
/** Of each answer so many as there can be creates, one of which is enough unless answers of creates are lost. */
const COPIES = 6;

function scriptFor(point: string): object {
  const secondsOf = (turn: string): number => (isSeenOpen(point, turn) ? HOUR_SECONDS : SECONDS);
  const answers = [
    { turn: '1', answer: { function_calls: CALLS, seconds: secondsOf('1') } },
    { turn: '2', answer: { text: 'Charged and paid back.', seconds: secondsOf('2') } },
  ].map(({ turn, answer }) => ({ expect: { metadata: { turn } }, answer }));
  return { steps: Array.from({ length: COPIES }, () => answers).flat(), anyOrder: true };
}

function isSeenOpen(point: string, turn: string): boolean {
  return point.endsWith(`(in_progress) of turn ${turn}`);
}

let bank: Bank;

beforeAll(async () => {
  bank = await startBank();
});
afterAll(() => bank.close());

const AT_WORK = 'while a tool is at work and a person is asked';
const THINKS = 'while a person thinks, after the other call';
const DECIDED = 'after the decision';

type Point = [point: string, creates: number, ambiguous: number];

/**
 * Points in the life of one step that calls two tools side by side, one of which a person has to allow. Only where a POST
 * may be on its way is a create ambiguous; where it was accepted too, one more is paid, and that is booked.
 */
const POINTS: Point[] = [
  ['before store.putPrompt', 2, 0],
  ['after store.putPrompt', 2, 0],
  ['before provider.createResponse of turn 1', 2, 1],
  ['after provider.createResponse (queued) of turn 1', 3, 1],
  ['before provider.retrieveResponse', 2, 0],
  ['after provider.retrieveResponse (in_progress) of turn 1', 2, 0],
  ['after provider.retrieveResponse (completed) of turn 1', 2, 0],
  ['before store.putOutput of turn 1', 2, 0],
  ['after store.putOutput of turn 1', 2, 0],
  ['before tool.charge', 2, 0],
  [AT_WORK, 2, 0],
  ['after tool.charge', 2, 0],
  [THINKS, 2, 0],
  [DECIDED, 2, 0],
  ['before tool.refund', 2, 0],
  ['after tool.refund', 2, 0],
  ['before provider.createResponse of turn 2', 2, 1],
  ['after provider.createResponse (queued) of turn 2', 3, 1],
  ['after provider.retrieveResponse (in_progress) of turn 2', 2, 0],
  ['after provider.retrieveResponse (completed) of turn 2', 2, 0],
  ['before store.putOutput of turn 2', 2, 0],
  ['after store.putOutput of turn 2', 2, 0],
];

test.concurrent.each(POINTS)(
  'everything killed %s: each tool has its effect once; %i creates, %i ambiguous',
  async (point, creates, ambiguous) => {
    const id = `run-${POINTS.findIndex(([name]) => name === point)}`;
    const worker = { program: '../test/crash/crashing-worker.js', env: { CRASH_AT: point } };
    const stack = await Stack.start({ bankUrl: bank.url, worker });
    try {
      await stack.emulator.setScript(scriptFor(point));
      if (point === AT_WORK) bank.held.add(id);
      const run = await startRun(stack.research, id, PIPELINE);
      await liveUntilEnd(stack, run, point);
      const end = await endOf(run);
      if (end.outcome !== 'result') throw new Error(`the run ended as ${JSON.stringify(end)}`);
      const { outcome, text, steps, ledger } = end.result;
      expect([outcome, text]).toEqual(['completed', 'Charged and paid back.']);
      // A bank that is asked twice does it once: by its key, of which there is one for each tool.
      const keys = bank.asked.filter(({ key }) => key.startsWith(`${id}/`)).map(({ name, key }) => `${name} ${key}`);
      expect([...new Set(keys)].toSorted()).toEqual([`charge ${id}/ask/1/call_charge`, `refund ${id}/${REFUND}`]);
      const made = await stack.emulator.creates();
      const { accepted, problems } = audit({ workflowId: id, steps, ledger }, made);
      expect(problems).toEqual([]);
      expect(made).toHaveLength(2 + accepted);
      expect(accepted).toBeGreaterThanOrEqual(creates - 2);
      expect(ledger.total.creates).toBe(2 + ledger.ambiguous.length);
      // A machine that is too slow for a create's time may lose more of them, and the ledger says so.
      const byKill = ledger.ambiguous.filter(({ reason }) => !reason.includes('no answer came in time'));
      expect(byKill).toHaveLength(ambiguous);
      expect(stack.deaths()).toEqual({ temporal: 1, emulator: 1, worker: 1 });
    } finally {
      await stack.stop();
    }
  },
  360_000,
);

/** A person who allows the second call, the kills that no worker does by itself, and the ends of long responses. */
async function liveUntilEnd(stack: Stack, run: RunHandle, point: string): Promise<void> {
  if (isSeenOpen(point, '1')) await endLongResponse(stack);
  if (point === AT_WORK || point === THINKS || point === DECIDED) await killWhileAsked(stack, run, point);
  if (point !== DECIDED) await stack.approve(run, REFUND);
  if (isSeenOpen(point, '2')) await endLongResponse(stack);
}

async function killWhileAsked(stack: Stack, run: RunHandle, point: string): Promise<void> {
  const charge = `${run.workflowId}/ask/1/call_charge`;
  await stack.asked(run, REFUND);
  await eventually('the bank is asked to charge', async () => bank.asked.some(({ key }) => key === charge));
  if (point !== AT_WORK) await eventually('the charge has ended', async () => (await pendingOf(run)) === 0);
  // What is allowed does not end before the kill, so that nothing can come after it.
  bank.held.add(run.workflowId);
  if (point === DECIDED) await stack.approve(run, REFUND);
  await stack.killEverything();
  bank.held.delete(run.workflowId);
}

/** Once everything was killed, and the emulator is back. */
async function endLongResponse(stack: Stack): Promise<void> {
  await eventually('everything is killed', async () => stack.deaths()['emulator'] === 1);
  await eventually('the clock moves', () => stack.emulator.moveClock(HOUR_SECONDS).then(() => true));
}

async function pendingOf(run: RunHandle): Promise<number | undefined> {
  return (await run.describe())?.raw.pendingActivities?.length;
}
