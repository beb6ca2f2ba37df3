import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { findRunning, stop } from '../../local';
import { waitForEnd } from '../../local/processes';
import { closeRun, Home, openRun } from './harness';

const SERVICES = ['temporal', 'emulator', 'worker'] as const;
const PARTS = ['supervisor', ...SERVICES] as const;

let home: Home;

beforeEach(() => {
  home = new Home();
});

afterEach(() => home.dispose());

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
  writeFileSync(path.join(home.path, 'emulator', 'port-taken'), new URL(first.provider.baseUrl).port);
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
