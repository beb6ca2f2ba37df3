import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type PipelineInput, type PipelineResult } from '../../client';
import { CliHome } from '../cli/cli';
import { type CountedCreate, until } from '../setup/harness';

/**
 * The command line on a home of its own: supervisor, worker, Temporal server and emulator are killed together, as a
 * power cut would, and one command goes on.
 */
let home: CliHome;

beforeEach(async () => {
  home = await CliHome.create();
});
afterEach(() => home.remove());

test('five steps, everything killed in the third: it goes on, and the emulator counts five creates', async () => {
  const steps = ['Explain Paxos.', 'Compare to Raft.', 'Compare to Zab.', 'Explain quorums.', 'Sum up.'];
  await start('five', { steps: steps.map((prompt, i) => ({ id: `s${i + 1}`, prompt })) });
  await inProgress('five', 's3');
  await killEverything();
  const result = await resume('five');
  expect(result.outcome).toBe('completed');
  expect(result.ledger).toMatchObject({ total: { creates: 5 }, ambiguous: [] });
  const counted = await creates();
  expect(counted.map(({ metadata, status }) => [metadata['step_id'], status])).toEqual(
    ['s1', 's2', 's3', 's4', 's5'].map((id) => [id, 'completed']),
  );
  expect(Object.values(result.steps).flatMap(({ responseIds }) => responseIds)).toEqual(counted.map(({ id }) => id));
}, 180_000);

test('a response that ended while everything was down is used, although its deadline passed', async () => {
  await start('late', { steps: [{ id: 'only', prompt: 'Explain Paxos.', deadline: '7s' }] });
  const startedAt = Date.now();
  await inProgress('late', 'only');
  await killEverything();
  // The emulator's slowest answer takes 5 s at its embedded speed; its clock runs on while it is down.
  await until('the deadline has passed', async () => Date.now() > startedAt + 8_000);
  const result = await resume('late');
  expect(result.outcome).toBe('completed');
  expect(result.text).toMatch(/Paxos/);
  expect(await creates()).toHaveLength(1);
}, 180_000);

async function start(id: string, input: PipelineInput): Promise<void> {
  const file = join(home.folder, `${id}.json`);
  await writeFile(file, JSON.stringify(input));
  const exit = await home.run(['run', '--pipeline', file, '--id', id, '--detach']);
  if (exit.code !== 0) throw new Error(`run ended with ${exit.code}: ${exit.stderr}`);
}

async function resume(id: string): Promise<PipelineResult> {
  const { code, stdout, stderr } = await home.run(['resume', id, '--json']);
  if (code !== 0) throw new Error(`resume ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as PipelineResult;
}

/** By the client and not by the command line: a step's time at the provider is shorter than many a command. */
async function inProgress(id: string, step: string): Promise<void> {
  const { temporal } = await state();
  const research = await connect({ address: temporal.address });
  try {
    await until(`${step} is in progress`, async () => {
      // Before the worker has its first task nobody answers.
      const progress = await research
        .run(id)
        .progress()
        .catch(() => undefined);
      return progress?.steps.some((row) => row.id === step && row.state === 'in_progress');
    });
  } finally {
    await research.client.connection.close();
  }
}

type State = {
  temporal: { address: string };
  supervisor: { pid: number };
  processes: Record<string, { pid: number }>;
  provider: { baseUrl: string };
};

async function state(): Promise<State> {
  return JSON.parse(await readFile(join(home.home, 'supervisor.json'), 'utf8')) as State;
}

async function killEverything(): Promise<void> {
  const { supervisor, processes } = await state();
  const pids = [supervisor, ...Object.values(processes)].map(({ pid }) => pid);
  expect(Object.keys(processes).toSorted()).toEqual(['emulator', 'temporal', 'worker']);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('all of them are dead', async () => pids.every((pid) => !isAlive(pid)));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function creates(): Promise<CountedCreate[]> {
  const { provider } = await state();
  const answer = await fetch(new URL('/emulator/creates', provider.baseUrl), {
    headers: { authorization: 'Bearer test' },
  });
  return ((await answer.json()) as { data: CountedCreate[] }).data;
}
