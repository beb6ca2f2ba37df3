import { setTimeout as sleep } from 'node:timers/promises';
import { Keeper, restartPauseMs } from '../../local/keeper';
import { startNodeService, type Service } from '../../local/service';
import { z } from 'zod';
import { until } from './harness';

const READY = 'console.log(JSON.stringify({ ready: true }))';

function program(code: string, signal: AbortSignal) {
  return startNodeService({
    name: 'The service',
    program: ['-e', code],
    env: process.env,
    readySchema: z.object({ ready: z.literal(true) }),
    onLine: () => undefined,
    onSpawn: () => undefined,
    startTimeoutMs: 10_000,
    stopGraceMs: 1_000,
    signal,
  });
}

function keep(code: string) {
  const seen = { starts: 0, log: [] as string[], gaveUp: undefined as string | undefined };
  const keeper = new Keeper<Service>({
    name: 'The service',
    start: (signal) => {
      seen.starts += 1;
      return program(code, signal);
    },
    log: (message) => seen.log.push(message),
    onGiveUp: (reason) => (seen.gaveUp = reason),
    pauseMs: () => 1,
  });
  return { keeper, seen };
}

test('starts a killed service again', async () => {
  const { keeper, seen } = keep(`${READY}; setInterval(() => undefined, 1000)`);
  const first = await keeper.current();
  process.kill(first.process.pid, 'SIGKILL');
  const second = await until('it runs again', async () => {
    const service = await keeper.current();
    return service !== first && service;
  });
  expect(second.process.pid).not.toBe(first.process.pid);
  expect(seen.log).toEqual(['The service was ended by SIGKILL; starting it again']);
  await keeper.stop();
  await sleep(20);
  expect(seen).toMatchObject({ starts: 2, gaveUp: undefined });
});

test('gives up, with the reason, after failures in a row', async () => {
  const { keeper, seen } = keep(`${READY}; process.exitCode = 3`);
  await keeper.current();
  const reason = await until('it gave up', () => seen.gaveUp);
  expect(reason).toBe('The service failed 7 times in a row. The service ended with code 3');
  expect(seen.starts).toBe(7);
  await expect(keeper.current()).rejects.toThrow(reason);
  await keeper.stop();
});

test('a first start that fails is an error for whoever waits for it, with the last lines', async () => {
  const { keeper, seen } = keep('console.error("no such file"); process.exitCode = 1');
  await expect(keeper.current()).rejects.toThrow(/The service ended with code 1 before it was ready[^]*no such file/);
  expect(seen).toMatchObject({ starts: 1, gaveUp: undefined });
});

test('stop ends a service that is only starting', async () => {
  const { keeper } = keep('setInterval(() => undefined, 1000)');
  const started = keeper.current();
  await Promise.all([expect(started).rejects.toThrow('was stopped while starting'), keeper.stop()]);
});

test('pauses grow up to a bound', () => {
  expect([1, 2, 3, 7, 50].map(restartPauseMs)).toEqual([200, 400, 800, 10_000, 10_000]);
});
