import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PipelineInput, RunFailedError, RunCancelledError } from '../../client';
import { type Harness, required, startHarness, until, withFaults } from '../setup/harness';

/**
 * Records the histories of `histories/`, by the real CLI as a user would: `npm run record:histories`.
 * A released version's histories are never recorded again; new ones go into a folder of the new version.
 */
const FORMAT = {
  type: 'object',
  properties: { title: { type: 'string' }, points: { type: 'array', items: { type: 'string' } } },
  required: ['title', 'points'],
  additionalProperties: false,
};
const explain = { id: 'explain', prompt: 'Explain Paxos.' };
const compare = { id: 'compare', prompt: 'Compare to Raft.' };

type Recording = { input: PipelineInput; faults?: Record<string, string>; cancel?: boolean };

const RECORDINGS: Record<string, Recording> = {
  stateless: { input: { steps: [explain, compare] } },
  conversation: {
    input: { steps: [explain, compare], defaults: { context: { strategy: 'conversation' } } },
  },
  'previous-response': {
    input: { steps: [explain, { ...compare, context: { strategy: 'previous_response' } }] },
  },
  graph: {
    input: {
      input: { topic: 'consensus' },
      maxParallel: 2,
      steps: [
        { id: 'plan', prompt: 'Plan a comparison on {{input.topic}}.', format: FORMAT },
        ...['Paxos', 'Raft', 'Zab'].map((name) => ({ id: name, prompt: `Explain ${name}.`, after: ['plan'] })),
        {
          id: 'write',
          prompt: 'Write {{steps.plan.json.title}}.',
          context: { strategy: 'stateless', from: ['Paxos', 'Raft', 'Zab'] },
        },
      ],
    },
  },
  'failed-skipped-noted': {
    input: {
      steps: [
        { id: 'refused', prompt: 'x' },
        { id: 'skipped', prompt: 'y' },
        {
          id: 'noted',
          prompt: 'Explain Raft.',
          context: { strategy: 'stateless', from: ['refused'] },
          onMissing: 'note',
        },
      ],
    },
    faults: { refused: 'failed:invalid_prompt' },
  },
  'created-anew': { input: { steps: [explain] }, faults: { explain: 'failed:server_error*1' } },
  ambiguous: { input: { steps: [explain] }, faults: { explain: 'drop_after_accept*1' } },
  deadline: { input: { steps: [{ ...explain, deadline: '1s' }] }, faults: { explain: 'stuck' } },
  cancelled: {
    input: { steps: [explain, { ...compare, after: [] }] },
    faults: { explain: 'stuck', compare: 'stuck' },
    cancel: true,
  },
};

let harness: Harness;
const faults: Record<string, string> = {};
const directory = join(__dirname, 'histories', required('RECORD_VERSION'));

beforeAll(async () => {
  if (existsSync(directory))
    throw new Error(`${directory} exists: raise the version first; histories of a released one are kept as they are`);
  await mkdir(directory, { recursive: true });
  harness = await startHarness({ deps: (provider) => ({ provider: withFaults(provider, faults) }) });
});
afterAll(() => harness.close());

test.each(Object.entries(RECORDINGS))('%s', async (name, { input, faults: wanted = {}, cancel }) => {
  for (const step of Object.keys(faults)) delete faults[step];
  Object.assign(faults, wanted);
  const run = await harness.research.start(input, { workflowId: `recorded-${name}` });
  if (cancel) {
    await until('all responses run', async () => (await harness.creates(run.workflowId)).length === input.steps.length);
    await run.cancel();
  }
  const ended: unknown = await run.result().catch((error: unknown) => error);
  if (ended instanceof Error && !(ended instanceof RunFailedError) && !(ended instanceof RunCancelledError))
    throw ended;
  const history = await show(run.workflowId);
  expect(JSON.parse(history)).toHaveProperty('events');
  await writeFile(join(directory, `${name}.json`), history);
});

async function show(workflowId: string): Promise<string> {
  const args = [
    'workflow',
    'show',
    '--workflow-id',
    workflowId,
    '--output',
    'json',
    '--address',
    required('TEST_TEMPORAL_ADDRESS'),
  ];
  const { stdout } = await promisify(execFile)(required('TEST_TEMPORAL_CLI'), args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
