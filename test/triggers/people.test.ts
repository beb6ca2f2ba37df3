import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { registerTools } from '../../tools';
import { type Harness, required, startHarness } from '../setup/harness';
import { payTool } from '../setup/pay-tool';

const HOUR = 3_600;
const paid: string[] = [];
const pay = payTool({ onPaid: (key) => paid.push(key) });

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({
    seconds: 0,
    emulator: { faults: [`long_queue:${HOUR} where step_id=long`] },
    env: { DURABLE_RESEARCH_BACKGROUND: 'full' },
    deps: () => ({ tools: new Map(registerTools([pay])) }),
  });
});
afterAll(() => harness.close());

/** The real CLI; of one that fails, what it printed. */
async function temporal(...args: string[]): Promise<string> {
  const address = ['--address', required('TEST_TEMPORAL_ADDRESS')];
  try {
    return (await promisify(execFile)(required('TEST_TEMPORAL_CLI'), [...args, ...address])).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `failed: ${stdout}${stderr}`.replaceAll('\\"', '"');
  }
}

const workflowId = `people-${randomUUID()}`;
const update = (name: string, input: string): Promise<string> =>
  temporal(
    'workflow',
    'update',
    'execute',
    '--workflow-id',
    workflowId,
    '--name',
    name,
    '--input',
    input,
    '--output',
    'json',
  );
const query = (): Promise<string> => temporal('workflow', 'query', '--workflow-id', workflowId, '--name', 'progress');

/** What a query tells, once it does: each is a process, so the time of the test is the bound. */
async function told(pattern: RegExp): Promise<string> {
  for (;;) {
    const found = pattern.exec(await query())?.[1];
    if (found !== undefined) return found;
  }
}

const PAYING = { prompt: 'Pay the bill of 7 euros.', tools: ['pay'], after: [], maxOutputTokens: 1_000 };
const PIPELINE = {
  budget: { tokens: 10_000 },
  steps: [
    { id: 'yes', ...PAYING },
    { id: 'no', ...PAYING },
    { id: 'long', prompt: 'Compare.', after: ['yes', 'no'], context: { strategy: 'stateless', from: ['yes', 'no'] } },
    { id: 'extra', prompt: 'Go on.' },
    { id: 'write', prompt: 'Sum up.' },
  ],
};

test('approval, rejection, steering, a paused budget and an early finish, by the Temporal CLI alone', async () => {
  const input = ['--task-queue', harness.taskQueue, '--workflow-id', workflowId, '--input', JSON.stringify(PIPELINE)];
  await temporal('workflow', 'start', '--type', 'pipeline', ...input);
  const yes = await told(/"id": ?"(yes\/1\/\w+)"/);
  const no = await told(/"id": ?"(no\/1\/\w+)"/);
  expect(await update('decideApproval', `{"id":"${no}","approve":false,"reason":"too dear"}`)).toMatch(
    /"reason": ?"too dear"/,
  );
  expect(await update('decideApproval', `{"id":"${yes}","approve":true}`)).toMatch(/"approve": ?true/);
  expect(await update('decideApproval', `{"id":"${yes}","approve":true}`)).toMatch(
    /nothing waits for a decision under|has been decided already/,
  );

  // The bound of an output that has none of its own is above what is left.
  await told(/"stage": ?"(paused)"/);
  expect(await update('steer', '{"instruction":"Leave prices out."}')).toMatch(/"id": ?"steer-1"/);
  expect(await update('steer', '{"instruction":"x","stepId":"yes"}')).toMatch(
    /step "yes" has ended \(completed\); open steps/,
  );
  expect(await update('raiseBudget', '{"tokens":100}')).toMatch(/the budget cannot be 100 tokens, since/);
  expect(await update('raiseBudget', '{"tokens":500000}')).toMatch(/"tokens": ?500000/);
  expect(await told(/"takenBy": ?\["(\w+)"\]/)).toBe('long');

  await told(/"(long: response \w+)"/);
  expect(await update('finishNow', '{"running":"stop"}')).toMatch(/finishNow is not valid: running: /);
  const finishing = await update('finishNow', '{"running":"cancel"}');
  expect(JSON.parse(finishing)).toMatchObject({ result: { final: ['write'], running: ['long'], skipped: ['extra'] } });
  const result = await temporal('workflow', 'result', '--workflow-id', workflowId, '--output', 'json');
  expect(JSON.parse(result)).toMatchObject({
    status: 'COMPLETED',
    result: {
      outcome: 'partial',
      steps: {
        yes: { outcome: 'completed' },
        no: { outcome: 'completed' },
        long: { outcome: 'cancelled' },
        extra: { outcome: 'skipped' },
        write: { outcome: 'completed' },
      },
    },
  });
  expect(paid).toEqual([`${workflowId}/${yes}`]);
  expect(await query()).toMatch(/"takenBy": ?\["long", ?"write"\]/);
  expect(await update('finishNow', '{}')).toMatch(/already completed/);
}, 120_000);
