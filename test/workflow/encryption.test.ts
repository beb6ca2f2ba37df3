import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Client } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';
import {
  pendingActivities,
  type PipelineInput,
  readDataConverter,
  ResearchClient,
  RunFailedError,
  type RunHandle,
} from '../../client';
import { DecryptionError } from '../../codec';
import { replayHistory } from '../../worker';
import { rememberBackground } from '../../worker/background-memory';
import { type Harness, moveClock, required, startHarness, until, withFaults } from '../setup/harness';

const OLD_KEY = `old:${randomBytes(32).toString('base64')}`;
const NEW_KEY = `new:${randomBytes(32).toString('base64')}`;
const KEYS = 'DURABLE_RESEARCH_ENCRYPTION_KEYS';
const HOUR_SECONDS = 3600;
/** A word that stands in prompts, and so in what the emulator answers and refuses. */
const WORD = 'Zanzibar';

let plain: Harness;
let encrypting: Harness;
let lostRun: RunHandle;
let rotation: ReturnType<typeof rotate>;
let giveUp: (error: Error) => void;
/** A create that is not answered while the tests run. */
const silent = new Promise<never>((_resolve, reject) => (giveUp = reject));

/** A run whose first worker lacks the key, and whose second has it. The server takes its time between the tries. */
async function rotate(): Promise<{ without: string | undefined; text: string | undefined }> {
  const without = await startHarness({ env: { [KEYS]: OLD_KEY } });
  const { connection } = encrypting.research.client;
  const client = new Client({ connection, dataConverter: readDataConverter({ [KEYS]: NEW_KEY }) });
  const run = await new ResearchClient(client, without.taskQueue).start({
    steps: [{ id: 'explain', prompt: `Explain ${WORD}.` }],
  });
  await until('a workflow task has failed', async () => {
    const { events } = await client.workflow.getHandle(run.workflowId).fetchHistory();
    return events?.some(({ workflowTaskFailedEventAttributes: failed }) => failed);
  });
  const status = (await run.describe())?.status.name;
  await without.close();
  const rotated = await startHarness({ taskQueue: without.taskQueue, env: { [KEYS]: `${NEW_KEY},${OLD_KEY}` } });
  try {
    return { without: status, text: (await run.result()).text };
  } finally {
    await rotated.close();
  }
}

beforeAll(async () => {
  let lost = 0;
  plain = await startHarness();
  encrypting = await startHarness({
    seconds: HOUR_SECONDS,
    env: { [KEYS]: OLD_KEY, DURABLE_RESEARCH_CREATE_TIMEOUT: '1s' },
    deps: (provider) => {
      const faulty = withFaults(provider, { refused: 'failed:invalid_prompt' });
      const createResponse: typeof provider.createResponse = (body, ...rest) => {
        const { step_id: step } = body['metadata'] as Record<string, string>;
        if (step === 'lost' && (lost += 1) === 1) return silent;
        return faulty.createResponse(body, ...rest);
      };
      // Known, so that a create that stays silent runs into its start-to-close.
      const background = rememberBackground('full');
      return { provider: { ...faulty, createResponse }, background };
    },
  });
  rotation = rotate();
  // Looked at by its test.
  rotation.catch(() => undefined);
  lostRun = await encrypting.research.start({ steps: [{ id: 'lost', prompt: `${WORD}.` }] });
});
afterAll(async () => {
  giveUp(new Error('the tests have ended'));
  await rotation.catch(() => undefined);
  await encrypting.close();
  await plain.close();
});

/** Everything that the server keeps of a run, as it keeps it. */
async function stored(run: RunHandle): Promise<string> {
  const handle = encrypting.research.client.workflow.getHandle(run.workflowId);
  const [history, { raw }] = [await handle.fetchHistory(), await handle.describe()];
  const { History } = proto.api.history.v1;
  const { DescribeWorkflowExecutionResponse } = proto.api.workflowservice.v1;
  const bytes = [History.encode(history).finish(), DescribeWorkflowExecutionResponse.encode(raw).finish()];
  return Buffer.concat(bytes).toString('latin1');
}

async function waiting(run: RunHandle) {
  return until('the run waits', async () => {
    const described = await run.describe();
    return described && pendingActivities(described).find(({ attempt, lastFailure }) => attempt > 1 && lastFailure);
  });
}

test('prompts, outputs, reasons, summaries and failures are encrypted, and read as they were', async () => {
  const run = await encrypting.research.start({
    input: { place: `${WORD} city` },
    steps: [
      { id: 'explain', prompt: 'Explain {{input.place}}.', instructions: `Be kind to ${WORD}.` },
      { id: 'compare', prompt: `Compare it to ${WORD}.`, after: [] },
    ],
  });
  expect((await waiting(run)).lastFailure).toMatchObject({
    type: 'ResponsePending',
    message: expect.stringMatching(/^waiting, not an error/),
  });
  const during = await stored(run);
  await moveClock(encrypting.emulator, HOUR_SECONDS);
  const result = await run.result();
  expect(result.outcome).toBe('completed');
  expect(result.text).toContain(WORD);
  expect((await run.progress()).steps[0]?.preview).toContain(WORD);
  const described = await run.describe();
  expect(await described?.staticSummary()).toContain('Explain');
  const history = await encrypting.research.client.workflow.getHandle(run.workflowId).fetchHistory();
  const dataConverter = readDataConverter({ [KEYS]: OLD_KEY });
  expect(await replayHistory(history, run.workflowId, { dataConverter })).toEqual({});
  for (const bytes of [during, await stored(run)]) {
    expect(bytes).not.toMatch(/Zanzibar|Explain|Compare it|waiting, not an error/);
    expect(bytes).toContain('binary/encrypted');
  }
});

test('without keys the same run can be read from what the server keeps', async () => {
  const run = await plain.research.start({ steps: [{ id: 'explain', prompt: `Explain ${WORD}.` }] });
  await run.result();
  expect(await stored(run)).toMatch(/Explain Zanzibar/);
});

test('why a run failed is encrypted, by activities and by the workflow, and told to who has the key', async () => {
  const run = await encrypting.research.start({ steps: [{ id: 'refused', prompt: `${WORD}?` }] });
  await waiting(run);
  await moveClock(encrypting.emulator, HOUR_SECONDS);
  const failed: unknown = await run.result().catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(RunFailedError);
  const { failure } = failed as RunFailedError;
  expect(failure).toMatchObject({ type: 'NoOutput', message: expect.stringContaining('ContentRefused') });
  expect(failure.result?.steps['refused']?.outcome).toBe('failed');
  const bytes = await stored(run);
  expect(bytes).toContain('Encoded failure');
  expect(bytes).not.toMatch(/Zanzibar|no final step|ContentRefused/);
});

test('a plain run of the Temporal CLI works, and its results are encrypted', async () => {
  const workflowId = `plain-cli-${randomBytes(4).toString('hex')}`;
  const input: PipelineInput = { steps: [{ id: 'quick', prompt: `Explain ${WORD}.` }] };
  const flags = ['--workflow-id', workflowId, '--type', 'pipeline', '--task-queue', encrypting.taskQueue];
  const args = ['workflow', 'start', ...flags, '--input', JSON.stringify(input)];
  await promisify(execFile)(required('TEST_TEMPORAL_CLI'), [...args, '--address', required('TEST_TEMPORAL_ADDRESS')]);
  const run = encrypting.research.run(workflowId);
  await waiting(run);
  await moveClock(encrypting.emulator, HOUR_SECONDS);
  expect((await run.result()).text).toContain(WORD);
  expect((await stored(run)).split(WORD).length).toBe(2);
});

test('a client without the key says which one is missing, and what else is known of a run', async () => {
  const run = await encrypting.research.start({ steps: [{ id: 'explain', prompt: `Explain ${WORD}.` }] });
  await waiting(run);
  const newer = new ResearchClient(
    new Client({
      connection: encrypting.research.client.connection,
      dataConverter: readDataConverter({ [KEYS]: NEW_KEY }),
    }),
    encrypting.taskQueue,
  );
  await expect(newer.start({ steps: [{ id: 'a', prompt: 'b' }] }, { workflowId: run.workflowId })).rejects.toThrow(
    DecryptionError,
  );
  const described = await newer.run(run.workflowId).describe();
  expect(pendingActivities(described!)[0]?.lastFailure?.message).toMatch(/"old".+DURABLE_RESEARCH_ENCRYPTION_KEYS/);
});

test('a task that cannot be decrypted is tried again and fails no run: it ends when the key is there', async () => {
  expect(await rotation).toEqual({ without: 'RUNNING', text: expect.stringContaining(WORD) });
});

test('the mark of a create whose worker stays silent is read from its encrypted heartbeat', async () => {
  await until('there is a second create', async () => (await lostRun.progress()).steps[0]?.responseId);
  await moveClock(encrypting.emulator, HOUR_SECONDS);
  const { ledger } = await lostRun.result();
  expect(ledger.ambiguous).toEqual([expect.objectContaining({ stepId: 'lost', create: 1 })]);
  expect(await stored(lostRun)).not.toMatch(/sending/);
});
