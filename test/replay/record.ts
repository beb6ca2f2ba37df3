import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type WorkflowExecutionInfo } from '@temporalio/client';
import { RunFailedError, RunCancelledError } from '../../client';
import { type Harness, required, startHarness, until, withFaults } from '../setup/harness';
import { RECORDINGS, scriptOf, TOOLS } from './recordings';

/**
 * Records the histories of `histories/`, by the real CLI as a user would: `npm run record:histories`.
 * A released version's histories are never recorded again; new ones go into a folder of the new version.
 */
const directory = join(__dirname, 'histories', required('RECORD_VERSION'));

beforeAll(async () => {
  if (existsSync(directory))
    throw new Error(`${directory} exists: raise the version first; histories of a released one are kept as they are`);
  await mkdir(directory, { recursive: true });
});

test.each(Object.entries(RECORDINGS))('%s', async (name, recording) => {
  const { input, faults = {}, notifies, setup, during } = recording;
  const notify = notifies && (() => Promise.resolve());
  const harness = await startHarness({
    deps: (provider) => ({ provider: withFaults(provider, faults), tools: TOOLS, notify }),
    ...setup,
  });
  try {
    const steps = scriptOf(recording);
    if (steps.length > 0) await harness.emulator.script.set({ steps, anyOrder: true });
    const run = await harness.research.start(input, { workflowId: `recorded-${name}` });
    await during?.(run, harness);
    const ended: unknown = await run.result().catch((error: unknown) => error);
    if (ended instanceof Error && !(ended instanceof RunFailedError) && !(ended instanceof RunCancelledError))
      throw ended;
    const runIds = await executions(harness, run.workflowId);
    for (const [i, runId] of runIds.entries()) {
      const history = await show(run.workflowId, runId);
      expect(JSON.parse(history)).toHaveProperty('events');
      const file = runIds.length === 1 ? `${name}.json` : `${name}-${i + 1}.json`;
      await writeFile(join(directory, file), history);
    }
  } finally {
    await harness.close();
  }
});

/** A run that goes on has several, the first one first. */
async function executions({ research }: Harness, workflowId: string): Promise<string[]> {
  const found: WorkflowExecutionInfo[] = [];
  await until('every execution is listed', async () => {
    found.splice(0);
    for await (const one of research.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) found.push(one);
    return found.length > 0 && found.every(({ status }) => status.name !== 'RUNNING');
  });
  return found.toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime()).map(({ runId }) => runId);
}

async function show(workflowId: string, runId: string): Promise<string> {
  const args = [
    'workflow',
    'show',
    '--workflow-id',
    workflowId,
    '--run-id',
    runId,
    '--output',
    'json',
    '--address',
    required('TEST_TEMPORAL_ADDRESS'),
  ];
  const { stdout } = await promisify(execFile)(required('TEST_TEMPORAL_CLI'), args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
