import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { version } from '../../package.json';
import { required } from '../setup/harness';

const HISTORIES = join(__dirname, 'histories');
const files = readdirSync(HISTORIES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

const ours = (): WorkflowBundleOption => ({ codePath: required('TEST_WORKFLOW_BUNDLE') });

async function replay(file: string, workflowBundle: WorkflowBundleOption): Promise<void> {
  const history: unknown = JSON.parse(await readFile(join(HISTORIES, file), 'utf8'));
  await Worker.runReplayHistory({ workflowBundle }, history, `recorded-${basename(file, '.json')}`);
}

test('there are histories of every kind of run', () => {
  expect(files.length).toBeGreaterThanOrEqual(9);
});

test('the version in package.json has histories of its own (npm run record:histories)', () => {
  expect(files.map((name) => dirname(name))).toContain(version);
});

test.each(files)('%s replays', async (file) => {
  await expect(replay(file, ours())).resolves.toBeUndefined();
});

describe('a change of the order of steps is noticed', () => {
  let reordered: WorkflowBundleOption;
  beforeAll(async () => {
    const logger = new DefaultLogger('ERROR', () => undefined);
    reordered = await bundleWorkflowCode({ workflowsPath: require.resolve('../fixtures/reordered-workflow'), logger });
  });

  test.each(files.filter((name) => /(stateless|conversation|previous-response|graph)\.json$/.test(name)))(
    '%s',
    async (file) => {
      await expect(replay(file, reordered)).rejects.toThrow(/[Nn]ondeterminism|TMPRL1100|does not match/);
    },
  );
});
