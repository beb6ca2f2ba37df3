import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { version } from '../../package.json';
import { required } from '../setup/harness';
import { RECORDINGS } from './recordings';

const HISTORIES = join(__dirname, 'histories');
const files = readdirSync(HISTORIES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

const ours = (): WorkflowBundleOption => ({ codePath: required('TEST_WORKFLOW_BUNDLE') });

async function replay(file: string, workflowBundle: WorkflowBundleOption): Promise<void> {
  const history: unknown = JSON.parse(await readFile(join(HISTORIES, file), 'utf8'));
  await Worker.runReplayHistory({ workflowBundle }, history, `recorded-${basename(file, '.json')}`);
}

test('the version in package.json has histories of every kind of run (npm run record:histories)', () => {
  const kinds = files
    .filter((name) => dirname(name) === version)
    .map((name) => basename(name, '.json').replace(/-\d+$/, ''));
  expect(kinds).toEqual(expect.arrayContaining(Object.keys(RECORDINGS)));
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
