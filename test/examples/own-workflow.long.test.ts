import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Emulator, startEmulator } from '../../emulator';
import { required } from '../setup/harness';
import { Clone, end } from './clone';

const taskQueue = `example-${randomUUID()}`;
const workflowId = randomUUID();

let emulator: Emulator;
let clone: Clone;
let worker: ReturnType<Clone['start']>;
beforeAll(async () => {
  clone = await Clone.create('own-workflow', { temporal: required('TEST_TEMPORAL_CLI') });
  emulator = await startEmulator({ dataDir: join(clone.folder, 'emulator'), seconds: 0 });
  Object.assign(clone.env, {
    TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'),
    TEMPORAL_TASK_QUEUE: taskQueue,
    OPENAI_API_KEY: 'any',
    OPENAI_BASE_URL: emulator.url,
    DURABLE_RESEARCH_ORIGIN: 'emulator:mine',
  });
  worker = clone.start(clone.line('node dist/examples/own-workflow/worker.js'));
});
afterAll(async () => {
  await end(worker);
  await emulator.close();
  await clone.remove();
});

/** Types a line of the README, with the names of this test in it. */
function type(beginning: string): Promise<string> {
  const line = clone.line(beginning).replace('--task-queue durable-research', `--task-queue ${taskQueue}`);
  return clone.type(line.replace('--workflow-id leases', `--workflow-id ${workflowId}`));
}

const review = (approved: boolean, remarks: string) => ({
  expect: { input: 'fit to print' },
  answer: { json: { approved, remarks } },
});

test('a page is revised until the reviewer is content, by commands of Temporal alone, and its history replays', async () => {
  const calls = [{ name: 'look_up_term', arguments: { term: 'lease' } }];
  await emulator.script.set({
    steps: [
      { expect: { tools: ['look_up_term'] }, answer: { function_calls: calls } },
      { expect: { input: 'A lock that ends by itself' }, answer: { text: 'A page.' } },
      review(false, 'too short'),
      { expect: { input: { regex: 'A page.*too short', flags: 's' } }, answer: { text: 'A longer page.' } },
      review(true, ''),
    ],
  });
  await type('temporal workflow start');
  const { result } = JSON.parse(await type('temporal workflow result')) as { result: object };
  expect(result).toEqual({ approved: true, drafts: 2, text: 'A longer page.', usd: expect.any(Number) });
  await emulator.script.verify();
  expect(await type('temporal workflow query')).toMatch(/"review-2"/);

  await type('temporal workflow show');
  expect(await type('npx durable-research replay')).toMatch(/^OK +leases$/m);
}, 180_000);
