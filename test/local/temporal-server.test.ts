import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { findTemporal, startTemporalServer, type TemporalServer } from '../../local';
import { isListening } from '../../local/ports';
import { isRunning } from '../../local/processes';

let executable: string;
let directory: string;
const servers: TemporalServer[] = [];

async function start(options: Omit<Parameters<typeof startTemporalServer>[0], 'executable'> = {}) {
  const server = await startTemporalServer({ executable, ...options });
  servers.push(server);
  return server;
}

async function describeNamespace(server: TemporalServer, namespace: string) {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await connection.workflowService.describeNamespace({ namespace });
  } finally {
    await connection.close();
  }
}

beforeAll(async () => {
  const { TEMPORAL_ADDRESS: _unused, ...env } = process.env;
  const found = await findTemporal({ env });
  if (found.kind !== 'executable') throw new Error('expected an executable');
  executable = found.path;
});

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'local-server-'));
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  rmSync(directory, { recursive: true, force: true });
});

test('serves the namespace, keeps closed runs 30 days, shows its UI, and is gone after stop', async () => {
  const server = await start({ namespace: 'research' });
  const namespace = await describeNamespace(server, 'research');
  expect(Number(namespace.config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
  expect((await fetch(server.uiUrl!)).status).toBe(200);

  await server.stop();
  expect(isRunning(server.process)).toBe(false);
  expect(await isListening(Number(server.address.split(':')[1]))).toBe(false);
});

test('takes other ports than the wanted ones when those are taken', async () => {
  const others = [createServer(), createServer()];
  await Promise.all(others.map((other) => new Promise<void>((done) => void other.listen(0, '127.0.0.1', done))));
  const [port, uiPort] = others.map((other) => (other.address() as AddressInfo).port);
  try {
    const server = await start({ port, uiPort });
    expect(server.address).not.toBe(`127.0.0.1:${port}`);
    expect(server.uiUrl).not.toBe(`http://127.0.0.1:${uiPort}`);
    expect(await isListening(Number(server.address.split(':')[1]))).toBe(true);
  } finally {
    for (const other of others) other.close();
  }
});

test('takes the wanted port again after kill -9, on the same database', async () => {
  const dbFile = path.join(directory, 'deep', 'temporal.db');
  const first = await start({ dbFile, headless: true, namespace: 'kept' });
  const port = Number(first.address.split(':')[1]);
  process.kill(first.pid, 'SIGKILL');
  expect((await first.exited).signal).toBe('SIGKILL');

  const second = await start({ dbFile, headless: true, port });
  expect(second.address).toBe(first.address);
  expect((await describeNamespace(second, 'kept')).namespaceInfo?.name).toBe('kept');
  expect(readFileSync(dbFile).subarray(0, 15).toString()).toBe('SQLite format 3');
});

test('a failed start says the end of the log and leaves nothing running', async () => {
  const pids: number[] = [];
  const failed = startTemporalServer({
    executable,
    dbFile: directory,
    headless: true,
    onSpawn: (id) => pids.push(id.pid),
  });
  await expect(failed).rejects.toThrow(/ended with code 1[^]*database/);
  expect(pids).toHaveLength(1);
  expect(() => process.kill(pids[0]!, 0)).toThrow(/ESRCH/);
});

test('an executable that cannot be started is an error', async () => {
  await expect(startTemporalServer({ executable: path.join(directory, 'none') })).rejects.toThrow(/ENOENT/);
});
