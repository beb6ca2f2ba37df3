import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findRunning, stop } from '../../local';
import { isRunning, waitForEnd } from '../../local/processes';
import { writeState } from '../../local/state';
import { Home, identity, openRun, until, withConnection } from './harness';

const SERVICES = ['temporal', 'emulator', 'worker'] as const;
const PARTS = ['supervisor', ...SERVICES] as const;
type Part = (typeof PARTS)[number];

let home: Home;

beforeEach(() => {
  home = new Home();
});

afterEach(() => home.dispose());

test('commands at the same instant share one supervisor, whose worker gets the emulator when there is no key', async () => {
  const env = { DURABLE_RESEARCH_EMULATOR_SPEED: '25', TEMPORAL_NAMESPACE: 'mine' };
  const [one, two] = await Promise.all([home.ensure(env), home.ensure(env)]);
  expect(one).toEqual(two);
  expect(await home.ensure(env)).toEqual(one);
  expect(await findRunning(home.path)).toEqual(one);
  expect(home.read('worker-starts').trim().split('\n')).toEqual([String(home.pids().worker)]);

  const origin = `emulator:${home.read('emulator/instance')}`;
  expect(one).toMatchObject({
    namespace: 'mine',
    taskQueue: 'durable-research',
    supervisorPid: home.pids().supervisor,
  });
  expect(one.provider).toMatchObject({ kind: 'emulator', origin, speed: 25 });
  expect(JSON.parse(home.read('emulator/seen.json')).values).toMatchObject({ speed: '25', host: '127.0.0.1' });
  expect(JSON.parse(home.read('worker-env.json'))).toMatchObject({
    TEMPORAL_ADDRESS: one.temporal.address,
    TEMPORAL_NAMESPACE: 'mine',
    TEMPORAL_TASK_QUEUE: 'durable-research',
    OPENAI_API_KEY: 'emulator',
    OPENAI_BASE_URL: one.provider.baseUrl,
    DURABLE_RESEARCH_ORIGIN: origin,
    DURABLE_RESEARCH_HOME: home.path,
  });
});

test('an API key reaches the worker and nothing else', async () => {
  const key = 'sk-test-4711-never-to-be-seen';
  const stack = await home.ensure({
    OPENAI_API_KEY: key,
    OPENAI_BASE_URL: 'http://user:hunter-4711@127.0.0.1:9/v1?key=hunter-4711',
  });
  expect(stack.provider).toMatchObject({ kind: 'api', baseUrl: 'http://127.0.0.1:9/v1', origin: 'the API' });
  expect(home.pids().emulator).toBe(0);
  expect(JSON.parse(home.read('worker-env.json')).OPENAI_API_KEY).toBe(key);

  rmSync(path.join(home.path, 'worker-env.json'));
  const files = spawn('grep', ['-rlaE', `${key}|hunter-4711`, home.path], { stdio: 'ignore' });
  const processes = spawn('sh', ['-c', `ps -eo args | grep -v grep | grep -q ${key}`], { stdio: 'ignore' });
  const [[found], [seen]] = await Promise.all([once(files, 'exit'), once(processes, 'exit')]);
  expect({ found, seen }).toEqual({ found: 1, seen: 1 });
});

function subsets(): Part[][] {
  return Array.from({ length: 2 ** PARTS.length - 1 }, (_, bits) =>
    PARTS.filter((_part, index) => ((bits + 1) >> index) & 1),
  );
}

test('kill -9 of any of the four, in any combination, is repaired on the same data at the same addresses', async () => {
  const first = await home.ensure();
  await openRun(first);
  for (const subset of subsets()) {
    const before = home.pids();
    const victims = subset.map((part) => identity(before[part]));
    for (const { pid } of victims) process.kill(pid, 'SIGKILL');
    await Promise.all(victims.map((victim) => waitForEnd(victim, 5_000)));
    const stack = await home.ensure();
    const after = await until(`all run again after ${subset.join(', ')}`, () => {
      const pids = home.pids();
      return home.state().status === 'ready' && subset.every((part) => pids[part] !== before[part]) && pids;
    });
    const same = subset.includes('supervisor') ? [] : PARTS.filter((part) => !subset.includes(part));
    for (const part of same) expect([part, after[part]]).toEqual([part, before[part]]);
    expect(stack).toEqual({ ...first, supervisorPid: stack.supervisorPid });
  }
  const last = await home.ensure();
  const described = await withConnection(last, ({ workflowService }) =>
    workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId: 'open-run' } }),
  );
  expect(described.workflowExecutionInfo?.type?.name).toBe('unknown');
}, 90_000);

test('a supervisor that is killed while it starts is replaced within the same command', async () => {
  const starting = home.ensure();
  const first = await until('the first has started a server', () => {
    const state = home.read('supervisor.json') ? home.state() : undefined;
    return state?.processes.temporal && state.supervisor;
  });
  process.kill(first.pid, 'SIGKILL');
  const stack = await starting;
  expect(stack.supervisorPid).not.toBe(first.pid);
});

/** A database as a Temporal server leaves it that is killed while it makes its tables: none can use it. */
function breakDatabase(): void {
  const database = path.join(home.path, 'temporal.db');
  writeFileSync(database, readFileSync(database).subarray(0, 3 * 4096));
  for (const end of ['-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
}

test('a database that never served is made anew; one that did is left as it is, and the start fails', async () => {
  await home.ensure();
  await stop(home.path);
  breakDatabase();
  const broken = readFileSync(path.join(home.path, 'temporal.db'));
  await expect(home.ensure()).rejects.toThrow(/The Temporal server ended[^]*(malformed|disk image|no such table)/);
  expect(readFileSync(path.join(home.path, 'temporal.db'))).toEqual(broken);

  rmSync(path.join(home.path, 'temporal.db.served'));
  const stack = await home.ensure();
  await openRun(stack);
});

test('the services end with a killed supervisor; if their watchdogs were killed too, by the next command', async () => {
  await home.ensure();
  const { supervisor, processes } = home.state();
  const list = spawn('ps', ['--ppid', String(supervisor.pid), '-o', 'pid=,comm='], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const watchdogs = (await list.stdout.toArray())
    .join('')
    .trim()
    .split('\n')
    .filter((line) => line.endsWith(' sh'));
  expect(watchdogs).toHaveLength(3);
  for (const line of watchdogs) process.kill(Number.parseInt(line, 10), 'SIGKILL');
  process.kill(supervisor.pid, 'SIGKILL');
  await waitForEnd(supervisor, 5_000);
  expect(isRunning(processes.temporal!)).toBe(true);

  await home.ensure();
  for (const name of SERVICES) expect([name, isRunning(processes[name]!)]).toEqual([name, false]);

  const second = home.state();
  process.kill(second.supervisor.pid, 'SIGKILL');
  for (const name of SERVICES) expect([name, await waitForEnd(second.processes[name]!, 5_000)]).toEqual([name, true]);
  expect(await findRunning(home.path)).toBeUndefined();
});

test('a process that was given the pid of a former service is left alone', async () => {
  const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
  const mistaken = { ...identity(stranger.pid!), started: '1' };
  writeState(home.path, {
    status: 'ready',
    reason: '',
    supervisor: mistaken,
    foreground: false,
    build: 'a former one',
    startedAt: new Date().toISOString(),
    namespace: 'default',
    taskQueue: 'durable-research',
    processes: { temporal: mistaken, emulator: mistaken, worker: mistaken },
    fingerprint: { salt: '', settings: {} },
  });
  expect(await findRunning(home.path)).toBeUndefined();
  expect(await stop(home.path)).toEqual({ stopped: [], killed: [] });
  await home.ensure();
  expect(stranger).toMatchObject({ exitCode: null, signalCode: null });
  stranger.kill('SIGKILL');
});
