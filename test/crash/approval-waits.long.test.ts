import { join } from 'node:path';
import { type PipelineInput, type RunHandle } from '../../client';
import { type Bank, startBank } from './approved-bank';
import { eventually, Stack } from './approved-stack';
import { endOf, startRun } from './storm/runs';

const DEPLOYMENT = 'research';
const PIPELINE: PipelineInput = {
  steps: [
    { id: 'buy', prompt: 'Pay back.', tools: ['refund'] },
    { id: 'sum-up', prompt: 'Sum up.' },
  ],
};
const REFUND = 'buy/1/call_refund';
const RUNS = 4;
const ANSWERS = [
  ['buy', '1', { function_calls: [{ name: 'refund', arguments: { amount: 5 }, call_id: 'call_refund' }] }],
  ['buy', '2', { text: 'Paid back.' }],
  ['sum-up', '1', { text: 'All is paid back.' }],
] as const;
const SCRIPT = {
  steps: Array.from({ length: RUNS }, () =>
    ANSWERS.map(([step_id, turn, answer]) => ({
      expect: { metadata: { step_id, turn } },
      answer: { ...answer, seconds: 0.2 },
    })),
  ).flat(),
  anyOrder: true,
};

let bank: Bank;
let stack: Stack;

beforeAll(async () => {
  bank = await startBank();
  stack = await Stack.start({ bankUrl: bank.url, worker: { program: 'worker/main.js', env: workerEnv() } });
}, 120_000);
afterAll(async () => {
  await stack.stop();
  bank.close();
}, 60_000);

test('a question outlives kill -9 of everything and two deployments, and its run ends on the build where it belongs', async () => {
  await stack.emulator.setScript(SCRIPT);
  const unversioned = await startAsking('unversioned');
  await deploy('1');
  await stack.retire('worker');
  const pinned = await startAsking('pinned');
  const moved = await startAsking('moved');
  const runs = [unversioned, pinned, moved];
  const before = await Promise.all(runs.map(questionsOf));

  await stack.killEverything();
  const killed = { temporal: 1, emulator: 1, 'build 1': 1 };
  await eventually('all were killed', async () => JSON.stringify(stack.deaths()) === JSON.stringify(killed));
  await deploy('2');
  expect(await Promise.all(runs.map(questionsOf))).toEqual(before);
  expect(bank.asked).toEqual([]);

  const fresh = await startAsking('fresh');
  await stack.temporal('workflow', 'update-options', '--workflow-id', 'moved', ...overrideTo('2'));
  const all = [...runs, fresh];
  await Promise.all(all.map((run) => stack.approve(run, REFUND)));
  expect(await Promise.all(all.map(endedWith))).toEqual(all.map(() => WELL));
  const refunds = all.map(({ workflowId }) => ({ name: 'refund', key: `${workflowId}/${REFUND}` }));
  expect(bank.asked.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual(
    refunds.toSorted((a, b) => a.key.localeCompare(b.key)),
  );
  expect(await stack.emulator.creates()).toHaveLength(ANSWERS.length * RUNS);

  expect(await workersOf(unversioned)).toEqual({ asked: ['worker'], decided: ['build 2'] });
  expect(await workersOf(pinned)).toEqual({ asked: ['build 1'], decided: ['build 1'] });
  expect(await workersOf(moved)).toEqual({ asked: ['build 1'], decided: ['build 2'] });
  expect(await workersOf(fresh)).toEqual({ asked: ['build 2'], decided: ['build 2'] });
}, 360_000);

const WELL = { outcome: 'completed', text: 'All is paid back.', creates: ANSWERS.length, ambiguous: [] };

async function endedWith(run: RunHandle): Promise<object> {
  const end = await endOf(run);
  if (end.outcome !== 'result') throw new Error(`the run ended as ${JSON.stringify(end)}`);
  const { outcome, text, ledger } = end.result;
  return { outcome, text, creates: ledger.total.creates, ambiguous: ledger.ambiguous };
}

async function startAsking(id: string): Promise<RunHandle> {
  const run = await startRun(stack.research, id, PIPELINE);
  await stack.asked(run, REFUND);
  return run;
}

/** Asks again while the run's worker is on its way back: Temporal may still send the question to the one that is dead. */
async function questionsOf(run: RunHandle): Promise<object[]> {
  let questions: object[] = [];
  await eventually(`${run.workflowId} answers`, async () => {
    questions = (await run.progress()).approvals;
    return true;
  });
  return questions;
}

/** A worker of the build, which becomes the one of new runs. */
async function deploy(build: string): Promise<void> {
  await stack.addWorker(`build ${build}`, 'worker/main.js', {
    ...workerEnv(),
    TEMPORAL_DEPLOYMENT_NAME: DEPLOYMENT,
    TEMPORAL_WORKER_BUILD_ID: build,
  });
  const version = ['--deployment-name', DEPLOYMENT, '--build-id', build, '--yes'];
  // Refused until the server has seen the worker poll.
  const makeCurrent = () => stack.temporal('worker', 'deployment', 'set-current-version', ...version);
  await eventually(`build ${build} is current`, () => makeCurrent().then(() => true));
}

function workerEnv(): NodeJS.ProcessEnv {
  return { DURABLE_RESEARCH_TOOLS: join(__dirname, '../fixtures/counting-tools.js') };
}

/** Flags of `temporal workflow update-options` that move a run. */
function overrideTo(build: string): string[] {
  const flag = '--versioning-override';
  return [`${flag}-behavior`, 'pinned', `${flag}-deployment-name`, DEPLOYMENT, `${flag}-build-id`, build];
}

/** Which workers worked on a run, until it asked and from the decision on. */
async function workersOf({ workflowId }: RunHandle): Promise<{ asked: string[]; decided: string[] }> {
  const { events } = await stack.research.client.workflow.getHandle(workflowId).fetchHistory();
  const history = events ?? [];
  const accepted = history.flatMap((event) => event.workflowExecutionUpdateAcceptedEventAttributes ?? []);
  const decidedAt = Number(accepted[0]?.acceptedRequestSequencingEventId ?? NaN);
  const names = (isPart: (eventId: number) => boolean): string[] => {
    const part = history.filter(({ eventId }) => isPart(Number(eventId)));
    const started = part.flatMap(
      (event) => event.workflowTaskStartedEventAttributes ?? event.activityTaskStartedEventAttributes ?? [],
    );
    const pids = started.map(({ identity }) => Number(identity?.split('@')[0]));
    return [...new Set(pids.map((pid) => stack.workers.get(pid) ?? `process ${pid}`))];
  };
  return { asked: names((eventId) => eventId < decidedAt), decided: names((eventId) => eventId > decidedAt) };
}
