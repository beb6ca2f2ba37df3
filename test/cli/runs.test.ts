import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { ResearchClient } from '../../client';
import { pipelineResultSchema } from '../../contract/pipeline';
import { type Emulator, startEmulator } from '../../emulator';
import { CliHome } from './cli';

// Real parts throughout: the command as a process, and the Temporal server, worker and emulator that it starts.
jest.setTimeout(120_000);

const TWO_STEPS = {
  steps: [
    { id: 'explain', prompt: 'Explain Paxos.' },
    { id: 'compare', prompt: 'Compare to Raft.' },
  ],
};

const processSchema = z.object({ pid: z.number() });
const partsSchema = z.object({ supervisor: processSchema, processes: z.record(z.string(), processSchema) });
const stackSchema = z.object({ temporal: z.object({ address: z.string() }) });

let cli: CliHome;
beforeAll(async () => {
  // A create whose worker is killed is waited for so long.
  const DURABLE_RESEARCH_CREATE_TIMEOUT = '10s';
  cli = await CliHome.create({ DURABLE_RESEARCH_EMULATOR_SPEED: '40', DURABLE_RESEARCH_CREATE_TIMEOUT });
  await writeFile(join(cli.folder, 'two.json'), JSON.stringify(TWO_STEPS));
  const { code, stderr } = await cli.run(['run', '--pipeline', 'two.json', '--id', 'first', '--detach']);
  if (code !== 0) throw new Error(`the first run did not start:\n${stderr}`);
});
afterAll(() => cli.remove());

function stateFile(): string {
  return join(cli.home, 'supervisor.json');
}

test('a run that was left in the background is followed to its result', async () => {
  const { code, stdout, stderr } = await cli.run(['resume', 'first']);
  expect(stderr).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/first$/m);
  expect(stderr).toMatch(/^Offline emulator \(speed 40\): no language model/m);
  expect(stderr).toMatch(/^compare: completed, after \d+ s, [\d,]+ tokens/m);
  expect(stdout).toMatch(/Raft.*\[\d\]/);
  expect(stdout).toMatch(/\nSources\n\[1\] .+ https:\/\/emulator\.invalid\/corpus\//);
  expect(stdout).toMatch(
    /Nothing was spent: the offline emulator answered, .* With gpt-\S+ it would cost \$0\.\d+, by prices of \d{4}-\d\d-\d\d\.\n$/s,
  );
  expect(code).toBe(0);
});

test('a question becomes several steps and a cited answer', async () => {
  const { code, stdout, stderr } = await cli.run(['run', 'How does Raft differ from Paxos?', '--out', 'answer.md']);
  expect(stderr).toMatch(/^answer: completed/m);
  expect(stderr).toContain('5 of 5 steps');
  expect(stderr).toContain('The answer is in answer.md');
  expect(stdout).toBe('');
  const answer = await readFile(join(cli.folder, 'answer.md'), 'utf8');
  expect(answer).toMatch(/Raft.*\[\d\].*Sources\n\[1\] /s);
  expect(answer).toContain('the offline emulator answered');
  expect(code).toBe(0);
});

test('--json leaves the result alone on standard output; the same id and input attach to the run', async () => {
  const stdin = JSON.stringify(TWO_STEPS);
  const { code, stdout, stderr } = await cli.run(['run', '--pipeline', '-', '--id', 'first', '--json'], { stdin });
  const result = pipelineResultSchema.parse(JSON.parse(stdout));
  expect(result.outcome).toBe('completed');
  expect(result.ledger.total.creates).toBe(2);
  expect(stderr).toContain('first');
  expect(code).toBe(0);
});

test('another input under the same id is refused, a new run under it is asked for', async () => {
  await cli.run(['run', '--pipeline', '-', '--id', 'taken'], { stdin: JSON.stringify(TWO_STEPS) });
  const stdin = JSON.stringify({ steps: [{ id: 'only', prompt: 'Explain Zab.' }] });
  const refused = await cli.run(['run', '--pipeline', '-', '--id', 'taken'], { stdin });
  expect(refused.stderr).toMatch(/error: run taken exists with another input; use another --id, or.* --new for/);
  expect(refused.code).toBe(2);
  const anew = await cli.run(['run', '--pipeline', '-', '--id', 'taken', '--new', '--json'], { stdin });
  expect(Object.keys(pipelineResultSchema.parse(JSON.parse(anew.stdout)).steps)).toEqual(['only']);
});

test('the files of a folder are searched, and the one that holds the fact is cited', async () => {
  await mkdir(join(cli.folder, 'notes', 'ops'), { recursive: true });
  await writeFile(
    join(cli.folder, 'notes', 'ops', 'retries.md'),
    '# Retries\n\nA failed payment is retried after 17 minutes.\n',
  );
  await writeFile(join(cli.folder, 'notes', 'coffee.txt'), 'The coffee machine stands on floor 4.\n');
  await writeFile(join(cli.folder, 'notes', 'logo.png'), 'not a text');
  const { code, stdout, stderr } = await cli.run(['run', 'When is a failed payment retried?', '--files', 'notes']);
  expect(stderr).toContain('2 files of notes can be searched.');
  expect(stderr).toMatch(/1 file left out:\n {2}logo\.png: is not Markdown/);
  expect(stdout).toMatch(/17 minutes\.\[1\]/);
  expect(stdout).toMatch(/\nSources\n\[1\] .*retries\.md/);
  expect(code).toBe(0);
});

test('Ctrl-C leaves the run running and says how to come back', async () => {
  const stdin = JSON.stringify({ steps: [{ id: 'slow', prompt: 'Explain Raft.', reasoning: { effort: 'high' } }] });
  const running = cli.start(['run', '--pipeline', '-', '--id', 'left'], { stdin });
  await running.shows('workflows/left');
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  expect(stderr).toContain('left goes on without this window. Come back with: npx durable-research resume left');
  expect(stdout).toBe('');
  expect(code).toBe(130);
  const resumed = await cli.run(['resume', 'left']);
  expect(resumed.stdout).toContain('Raft');
  expect(resumed.code).toBe(0);
});

test('services that are killed while a run is followed are started again', async () => {
  const steps = Array.from({ length: 6 }, (_, i) => ({ id: `step-${i}`, prompt: 'Explain Raft.' }));
  const stdin = JSON.stringify({ steps });
  const running = cli.start(['run', '--pipeline', '-', '--id', 'survivor'], { stdin });
  // Past what every run begins with: what is killed there is tried again only after half a minute.
  await running.shows('step-0: completed');
  const { supervisor, processes } = partsSchema.parse(JSON.parse(await readFile(stateFile(), 'utf8')));
  for (const { pid } of [supervisor, ...Object.values(processes)]) process.kill(pid, 'SIGKILL');
  const { code, stdout, stderr } = await running.ended;
  expect(stderr).toContain('The local services were killed. Starting them again.');
  expect(stdout).toContain('Raft');
  expect(code).toBe(0);
});

test('a run is cancelled, and what that stopped is told', async () => {
  const stdin = JSON.stringify({
    steps: Array.from({ length: 40 }, (_, i) => ({ id: `step-${i}`, prompt: 'Explain Raft.' })),
  });
  await cli.run(['run', '--pipeline', '-', '--id', 'unwanted', '--detach'], { stdin });
  const { code, stdout } = await cli.run(['cancel', 'unwanted']);
  expect(stdout).toMatch(/^unwanted is cancelled\.\n/);
  expect(stdout).toMatch(/\d steps? had not begun\.\n$/);
  expect(code).toBe(0);
  const again = await cli.run(['cancel', 'unwanted']);
  expect(again.stdout).toBe('unwanted has already ended (cancelled); there is nothing to cancel.\n');
  const resumed = await cli.run(['resume', 'unwanted']);
  expect(resumed.stderr).toContain('Run unwanted was cancelled.');
  expect(resumed.code).toBe(1);
});

test('a failed step is told with its reason, and the run is partial', async () => {
  const format = { type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false };
  const stdin = JSON.stringify({
    steps: [
      { id: 'good', prompt: 'Explain Raft.' },
      { id: 'bad', prompt: 'Explain Paxos.', after: [], format },
    ],
  });
  const { code, stdout, stderr } = await cli.run(['run', '--pipeline', '-'], { stdin });
  expect(stderr).toMatch(/Not every step has an output:\n {2}bad failed: InvalidRequest: /);
  expect(stdout).toContain('Raft');
  expect(code).toBe(3);
});

test('a run without any output fails, with JSON too', async () => {
  const format = { type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false };
  const stdin = JSON.stringify({ steps: [{ id: 'bad', prompt: 'Explain Paxos.', format }] });
  const { code, stdout, stderr } = await cli.run(['run', '--pipeline', '-', '--json'], { stdin });
  expect(pipelineResultSchema.parse(JSON.parse(stdout)).outcome).toBe('failed');
  expect(stderr).toMatch(/no final step has an output:\n {2}bad failed: InvalidRequest: /);
  expect(code).toBe(1);
});

test('status shows one snapshot, list the runs, newest first', async () => {
  const status = await cli.run(['status', 'left']);
  expect(status.stdout).toMatch(/^left {2}completed · started \d{4}-.* · \d+ s\n/);
  expect(status.stdout).toMatch(/^✓ {2}slow {2}completed/m);
  const json: unknown = JSON.parse((await cli.run(['status', 'left', '--json'])).stdout);
  expect(json).toMatchObject({ workflowId: 'left', status: 'completed', answered: true, ledger: { simulated: true } });
  const { stdout } = await cli.run(['list', '--json']);
  const runs = JSON.parse(stdout) as { workflowId: string; status: string; startedAt: string; summary: string }[];
  expect(runs).toContainEqual(
    expect.objectContaining({ workflowId: 'unwanted', status: 'cancelled', summary: 'Explain Raft.' }),
  );
  const starts = runs.map(({ startedAt }) => startedAt);
  expect(starts).toEqual(starts.toSorted().toReversed());
  expect((await cli.run(['list', '--limit', '1'])).stdout.split('\n')).toHaveLength(3);
});

test('without a worker, status shows what Temporal itself knows', async () => {
  const { temporal } = stackSchema.parse(JSON.parse(await readFile(stateFile(), 'utf8')));
  const connection = await Connection.connect({ address: temporal.address });
  try {
    await new ResearchClient(new Client({ connection }), 'nobody-polls').start(TWO_STEPS, { workflowId: 'alone' });
    const { code, stdout } = await cli.run(['status', 'alone']);
    expect(stdout).toMatch(/^alone {2}running · started /);
    expect(stdout).toContain(
      'No worker answers on task queue "nobody-polls"; so only what Temporal itself knows is shown.',
    );
    expect(code).toBe(0);
    await new Client({ connection }).workflow.getHandle('alone').terminate();
  } finally {
    await connection.close();
  }
});

test('a result larger than a pipe holds comes whole', async () => {
  const steps = Array.from({ length: 100 }, (_, i) => ({ id: `step-${i}`, prompt: 'Explain Zab.', after: [] }));
  const stdin = JSON.stringify({ maxParallel: 50, steps });
  const { stdout } = await cli.run(['run', '--pipeline', '-', '--json'], { stdin, pipe: true });
  expect(stdout.length).toBeGreaterThan(65_536);
  expect(Object.keys(pipelineResultSchema.parse(JSON.parse(stdout)).steps)).toHaveLength(100);
});

test('a server that is named is asked, not the one of the home', async () => {
  const { code, stdout, stderr } = await cli.run(['list'], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
  expect(stderr).toContain('Temporal cannot be reached at 127.0.0.1:1');
  expect(stdout).toBe('');
  expect(code).toBe(1);
});

test('an id that nobody knows is told', async () => {
  const ends = ['status', 'resume', 'cancel'].map((command) => cli.run([command, 'nobody']));
  for (const { code, stderr } of await Promise.all(ends)) {
    expect(stderr).toContain('error: no run nobody in namespace "default"; see "durable-research list"');
    expect(code).toBe(2);
  }
});

describe('a provider that takes money', () => {
  let provider: Emulator;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    provider = await startEmulator({ dataDir: join(cli.folder, 'provider'), apiKey: 'sk-the-only-right-key-0000' });
    env = {
      DURABLE_RESEARCH_HOME: join(cli.folder, 'other-home'),
      OPENAI_API_KEY: 'sk-not-the-right-key-0000',
      OPENAI_BASE_URL: provider.url,
    };
  });
  afterAll(async () => {
    await cli.run(['stop'], { env });
    await provider.close();
  });

  test('is not paid unasked, and the worst price is told', async () => {
    const { code, stdout, stderr } = await cli.run(['run', 'Why?'], { env });
    expect(stderr).toMatch(/^5 steps at http.*Worst price \$\d+\.\d\d \(.*by prices of \d{4}-\d\d-\d\d\./m);
    expect(stderr).toContain('add --yes to start it');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('is not asked about where it is an emulator', async () => {
    const simulated = {
      ...env,
      DURABLE_RESEARCH_HOME: join(cli.folder, 'emulator-home'),
      OPENAI_API_KEY: 'sk-the-only-right-key-0000',
      DURABLE_RESEARCH_ORIGIN: 'emulator:x',
    };
    const stdin = JSON.stringify({ steps: [{ id: 'only', prompt: 'Explain Zab.' }] });
    const { code, stderr } = await cli.run(['run', '--pipeline', '-', '--detach'], { env: simulated, stdin });
    await cli.run(['stop'], { env: simulated });
    expect(stderr).toMatch(/^Offline emulator: no language model/m);
    expect(stderr).not.toContain('Worst price');
    expect(code).toBe(0);
  });

  test('that refuses the key is told with what to set, the key never', async () => {
    const stdin = JSON.stringify({ steps: [{ id: 'only', prompt: 'Explain Zab.' }] });
    const { code, stdout, stderr } = await cli.run(['run', '--pipeline', '-', '--yes'], { env, stdin });
    expect(stderr).toMatch(/only failed: Unauthorized: .* set OPENAI_API_KEY to a key of this provider/);
    expect(stderr).not.toContain('sk-not');
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });
});

test('stop ends what runs in the background; the next command starts it again', async () => {
  const { stdout, code } = await cli.run(['stop']);
  expect(stdout).toMatch(/^Stopped supervisor \(pid \d+\)/);
  expect(stdout).not.toContain('open run');
  expect(code).toBe(0);
  const { stdout: result } = await cli.run(['resume', 'left', '--json']);
  expect(pipelineResultSchema.parse(JSON.parse(result)).outcome).toBe('completed');
});
