import { copyFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { startTemporalServer, stop } from '../../local';
import { isRunning } from '../../local/processes';
import { closeRun, entries, Home, openRun, temporalExecutable, until } from './harness';

let home: Home;

beforeEach(() => {
  home = new Home();
});

afterEach(() => home.dispose());

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
    const version = { TEMPORAL_DEPLOYMENT_NAME: 'research', TEMPORAL_WORKER_BUILD_ID: '2' };
    const stack = await home.ensure({ ...env, ...version });
    expect(stack).toMatchObject({
      temporal: { address: server.address, external: true },
      namespace: 'theirs',
      taskQueue: 'ours',
    });
    expect(home.pids().temporal).toBe(0);
    const workerEnv = JSON.parse(home.read('worker-env.json')) as object;
    expect(workerEnv).toMatchObject(env);
    for (const name of Object.keys(version)) expect(workerEnv).not.toHaveProperty(name);
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
