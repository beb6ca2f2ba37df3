import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Connection } from '@temporalio/client';
import { findRunning, startTemporalServer, stop, type LocalStack } from '../../local';
import { isRunning, waitForEnd } from '../../local/processes';
import { writeState } from '../../local/state';
import { entries, Home, identity, temporalExecutable, until } from './harness';

const SERVICES = ['temporal', 'emulator', 'worker'] as const;
const PARTS = ['supervisor', ...SERVICES] as const;
type Part = (typeof PARTS)[number];

let home: Home;

beforeEach(() => {
  home = new Home();
});

afterEach(() => home.dispose());

async function withConnection<T>(stack: LocalStack, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack.temporal.address });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** Starts a run that stays open, since no worker knows its type; waits until it is counted. */
async function openRun(stack: LocalStack, workflowId = 'open-run'): Promise<void> {
  const { namespace, taskQueue } = stack;
  await withConnection(stack, async ({ workflowService }) => {
    await workflowService.startWorkflowExecution({
      namespace,
      workflowId,
      requestId: workflowId,
      workflowType: { name: 'unknown' },
      taskQueue: { name: taskQueue },
    });
    await until('the run is visible', async () => {
      const { count } = await workflowService.countWorkflowExecutions({
        namespace,
        query: `WorkflowId='${workflowId}'`,
      });
      return Number(count) === 1;
    });
  });
}

async function closeRun(stack: LocalStack, workflowId = 'open-run'): Promise<void> {
  await withConnection(stack, ({ workflowService }) =>
    workflowService.terminateWorkflowExecution({
      namespace: stack.namespace,
      workflowExecution: { workflowId },
    }),
  );
}

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
  let atSameAddresses = 0;
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
    expect(stack.provider.origin).toBe(first.provider.origin);
    if (isDeepStrictEqual({ ...stack, supervisorPid: 0 }, { ...first, supervisorPid: 0 })) atSameAddresses += 1;
  }
  // Whoever needs any free port may be given a dead service's; that is rare, and then another one is taken for good.
  expect(atSameAddresses).toBeGreaterThan(0);
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

test('stop lets the worker finish and says what it ended; ports that were taken meanwhile are replaced', async () => {
  const first = await home.ensure();
  const pids = home.pids();
  const { stopped, killed } = await stop(home.path);
  expect(stopped).toEqual(PARTS.map((part) => `${part} (pid ${pids[part]})`));
  expect(killed).toEqual([]);
  expect(home.read('worker-drained')).toBe('drained\n');
  expect(home.state()).toMatchObject({ status: 'stopped', reason: 'received SIGTERM', processes: {} });
  expect(await stop(home.path)).toEqual({ stopped: [], killed: [] });
  expect(await findRunning(home.path)).toBeUndefined();

  const taken = [first.temporal.address, new URL(first.temporal.uiUrl!).host, new URL(first.provider.baseUrl).host];
  const strangers = taken.map((address) => createServer().listen(Number(address.split(':')[1]), '127.0.0.1'));
  try {
    const second = await home.ensure();
    expect(taken).not.toContain(second.temporal.address);
    expect(taken).not.toContain(new URL(second.temporal.uiUrl!).host);
    expect(taken).not.toContain(new URL(second.provider.baseUrl).host);
    expect(JSON.parse(home.read('worker-env.json'))).toMatchObject({
      TEMPORAL_ADDRESS: second.temporal.address,
      OPENAI_BASE_URL: second.provider.baseUrl,
    });
    expect(second.provider.origin).toBe(first.provider.origin);
  } finally {
    for (const stranger of strangers) stranger.close();
  }
});

test('a port that is taken between the look and the start is replaced too', async () => {
  const first = await home.ensure();
  await stop(home.path);
  writeFileSync(path.join(home.path, 'emulator', 'port-taken'), '');
  const second = await home.ensure();
  expect(second.provider.baseUrl).not.toBe(first.provider.baseUrl);
  expect(second.provider.origin).toBe(first.provider.origin);
});

test('ends itself when idle, but not while a run is open', async () => {
  const stack = await home.ensure({ DURABLE_RESEARCH_IDLE_MINUTES: '0.01' });
  await openRun(stack);
  const { supervisor } = home.state();
  expect(await waitForEnd(supervisor, 1_500)).toBe(false);
  await closeRun(stack);
  expect(await waitForEnd(supervisor, 10_000)).toBe(true);
  expect(home.state()).toMatchObject({ status: 'stopped', reason: expect.stringContaining('no open run') });
});

test('ends itself when its home is removed', async () => {
  await home.ensure({ DURABLE_RESEARCH_IDLE_MINUTES: '0.02' });
  const { supervisor, processes } = home.state();
  rmSync(home.path, { recursive: true });
  expect(await waitForEnd(supervisor, 10_000)).toBe(true);
  for (const name of SERVICES) expect([name, await waitForEnd(processes[name]!, 5_000)]).toEqual([name, true]);
});

test('another provider replaces the running one only when no run is open', async () => {
  const emulated = await home.ensure();
  await openRun(emulated);
  const withKey = { OPENAI_API_KEY: 'sk-another', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' };
  const refused = home.ensure(withKey);
  await expect(refused).rejects.toThrow(
    /offline emulator.*have 1 open run;.*http:\/\/127.0.0.1:9\/v1.*OPENAI_API_KEY, OPENAI_BASE_URL.*durable-research stop/,
  );
  await expect(refused).rejects.not.toThrow(/sk-another/);
  expect(await home.ensure()).toEqual(emulated);
  // What does not decide on the provider waits until the run has ended.
  expect(await home.ensure({ OPENAI_MODEL: 'some-model' })).toEqual(emulated);

  await closeRun(emulated);
  await until('the run is counted as closed', async () =>
    home.ensure(withKey).then(
      (stack) => stack.provider.kind === 'api',
      () => false,
    ),
  );
  expect((await home.ensure(withKey)).temporal).toEqual(emulated.temporal);
});

test('another build replaces the supervisor', async () => {
  const worker = path.join(home.path, 'worker.js');
  copyFileSync(entries.worker[0]!, worker);
  const first = await home.ensure({}, { entries: { ...entries, worker: [worker] } });
  utimesSync(worker, new Date(), new Date(Date.now() + 60_000));
  const second = await home.ensure({}, { entries: { ...entries, worker: [worker] } });
  expect(second.supervisorPid).not.toBe(first.supervisorPid);
  expect(second.temporal).toEqual(first.temporal);
});

test('a server that the environment names is used and not touched', async () => {
  const server = await startTemporalServer({
    executable: await temporalExecutable(),
    headless: true,
    namespace: 'theirs',
  });
  try {
    const env = { TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: 'theirs', TEMPORAL_TASK_QUEUE: 'ours' };
    const stack = await home.ensure(env);
    expect(stack).toMatchObject({
      temporal: { address: server.address, external: true },
      namespace: 'theirs',
      taskQueue: 'ours',
    });
    expect(home.pids().temporal).toBe(0);
    expect(JSON.parse(home.read('worker-env.json'))).toMatchObject(env);
    await stop(home.path);
    expect(isRunning(server.process)).toBe(true);
  } finally {
    await server.stop();
  }
});

test('a start that fails says why, leaves nothing running and does not stand in the way of the next', async () => {
  const failed = home.ensure({ OPENAI_API_KEY: 'sk-refused' });
  await expect(failed).rejects.toThrow(
    /The worker ended with code 1 before it was ready[^]*the key is refused[^]*supervisor.log/,
  );
  await expect(failed).rejects.not.toThrow(/sk-refused/);
  const { status, supervisor, processes } = home.state();
  expect({ status, processes, running: isRunning(supervisor) }).toEqual({
    status: 'failed',
    processes: {},
    running: false,
  });
  expect((await home.ensure()).provider.kind).toBe('emulator');
});

test('a wrong setting is refused by name before anything starts', async () => {
  await expect(home.ensure({ DURABLE_RESEARCH_EMULATOR_SPEED: 'fast' })).rejects.toThrow(
    /DURABLE_RESEARCH_EMULATOR_SPEED: .*above 0/,
  );
  expect(home.read('supervisor.json')).toBe('');
});
