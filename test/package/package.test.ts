import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = join(__dirname, '../..');

/** A project of somebody else, with this package in its node_modules. */
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'durable-research-user-'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(ROOT, join(project, 'node_modules', 'durable-research'));
  // An installation has the SDK beside the package.
  symlinkSync(join(ROOT, 'node_modules', '@temporalio'), join(project, 'node_modules', '@temporalio'));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

test.each([
  ['durable-research', ['ResearchClient', 'connect', 'RunFailedError', 'InvalidInputError']],
  ['durable-research/workflow', ['pipeline', 'openRun', 'respond']],
  ['durable-research/activities', ['createActivities']],
  ['durable-research/tools', ['defineTool', 'fetchPage']],
  ['durable-research/worker', ['createResearchWorker', 'runWorker', 'readWorkerConfig']],
  ['durable-research/emulator', ['startEmulator']],
])('%s gives %j', (entry, names) => {
  const script = `process.stdout.write(JSON.stringify(Object.keys(require(${JSON.stringify(entry)}))))`;
  const exported = JSON.parse(
    execFileSync(process.execPath, ['-e', script], { cwd: project, encoding: 'utf8' }),
  ) as string[];
  expect(exported).toEqual(expect.arrayContaining(names));
});

test("a user's own workflows bundle with the workflow entry", async () => {
  const workflowsPath = join(project, 'workflows.js');
  writeFileSync(
    workflowsPath,
    "const { openRun, respond } = require('durable-research/workflow');\n" +
      "Object.assign(exports, require('durable-research/workflow'));\n" +
      "exports.mine = async (topic) => respond(await openRun(), { id: 'a', prompt: topic });\n",
  );
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  expect(code).toContain('exports.mine');
});

test('what is published holds the compiled rooms and the corpus, and nothing of the tests', () => {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' }),
  ) as { files: { path: string }[] }[];
  const files = packed[0]?.files.map(({ path }) => path) ?? [];
  expect(files).toEqual(
    expect.arrayContaining([
      'dist/cli/main.js',
      'dist/workflow-bundle.js',
      'dist/openai/price-table.json',
      'emulator/corpus/raft.md',
      'README.md',
      'LICENSE',
    ]),
  );
  expect(files.filter((path) => /(^|\/)test\/|tsbuildinfo|\.env/.test(path))).toEqual([]);
});
