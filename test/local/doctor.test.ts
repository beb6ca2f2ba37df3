import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { doctor, type DoctorFinding } from '../../local';
import { checkNode } from '../../local/doctor-machine';
import { checkWays } from '../../local/doctor-services';
import { waitForEnd } from '../../local/processes';
import { Home, plainEnvironment } from './harness';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'local-doctor-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return plainEnvironment({ PATH: path.join(directory, 'bin'), XDG_CACHE_HOME: directory, ...more });
}

async function findingsOf(env: NodeJS.ProcessEnv, home = path.join(directory, 'home')) {
  const findings = await doctor(env, home);
  return (name: string): DoctorFinding | undefined => findings.find((finding) => finding.name === name);
}

test('says of each part what it found, and makes nothing', async () => {
  mkdirSync(path.join(directory, 'bin'));
  writeFileSync(path.join(directory, 'bin', 'temporal'), '#!/bin/sh\necho temporal version 9.9.9\n');
  chmodSync(path.join(directory, 'bin', 'temporal'), 0o755);
  const found = await findingsOf(environment());
  expect(found('Node')).toMatchObject({ status: 'ok', found: process.versions.node });
  expect(found('home')).toMatchObject({ status: 'ok', found: expect.stringContaining('will be made') });
  expect(found('disk')?.found).toMatch(/GB free/);
  expect(found('`temporal` on the PATH')).toMatchObject({ status: 'ok', found: expect.stringContaining('9.9.9') });
  expect(found('provider')).toMatchObject({ status: 'ok', found: expect.stringContaining('offline emulator') });
  expect(found('supervisor')).toMatchObject({ status: 'ok', found: expect.stringContaining('not running') });
});

test('warns of each way to a Temporal CLI that leads nowhere, and fails when all do', async () => {
  const found = await findingsOf(environment());
  expect(found('`temporal` on the PATH')).toMatchObject({ status: 'warn', found: 'there is none' });
  expect(found('Temporal CLI fetched or built earlier')).toMatchObject({ status: 'warn' });

  const nowhere = { name: 'a way', look: () => Promise.reject(new Error('a wall')) };
  const somewhere = { name: 'another', look: () => Promise.resolve('a door') };
  expect(await checkWays([nowhere, somewhere, nowhere])).toEqual([
    { name: 'a way', status: 'warn', found: 'a wall' },
    { name: 'another', status: 'ok', found: 'a door' },
  ]);
  expect((await checkWays([nowhere])).at(-1)).toMatchObject({
    name: 'Temporal server',
    status: 'fail',
    todo: expect.stringContaining('docs.temporal.io/cli'),
  });
});

test('asks the server and the provider that the environment names, and shows no key', async () => {
  const api = createServer((request, response) => {
    const accepted = request.headers.authorization === 'Bearer sk-good' && request.url === '/v1/models';
    response.writeHead(accepted ? 200 : 401).end('{}');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  const OPENAI_BASE_URL = `http://127.0.0.1:${(api.address() as AddressInfo).port}/v1`;
  const TEMPORAL_ADDRESS = '127.0.0.1:1';
  try {
    const good = await findingsOf(environment({ OPENAI_BASE_URL, OPENAI_API_KEY: 'sk-good', TEMPORAL_ADDRESS }));
    expect(good('provider')).toMatchObject({ status: 'ok', found: `${OPENAI_BASE_URL} accepts the key` });
    expect(good('Temporal server')).toMatchObject({ status: 'fail', found: expect.stringContaining(TEMPORAL_ADDRESS) });

    const bad = await findingsOf(environment({ OPENAI_BASE_URL, OPENAI_API_KEY: 'sk-bad', TEMPORAL_ADDRESS }));
    expect(bad('provider')).toMatchObject({ status: 'fail', todo: 'check OPENAI_API_KEY' });
    expect(JSON.stringify(bad('provider'))).not.toContain('sk-bad');
  } finally {
    api.close();
  }
  const gone = await findingsOf(environment({ OPENAI_BASE_URL, OPENAI_API_KEY: 'sk-good' }));
  expect(gone('provider')).toMatchObject({ status: 'fail', found: expect.stringContaining('cannot be reached') });
});

test('a home that cannot be one is a failure', async () => {
  const file = path.join(directory, 'file');
  writeFileSync(file, '');
  const found = await findingsOf(environment(), path.join(file, 'home'));
  expect(found('home')).toMatchObject({ status: 'fail', todo: expect.stringContaining('DURABLE_RESEARCH_HOME') });
});

test('tells a running supervisor from a killed one', async () => {
  const home = new Home();
  try {
    await home.ensure();
    const { supervisor } = home.state();
    expect((await findingsOf(environment(), home.path))('supervisor')?.found).toMatch(`ready (pid ${supervisor.pid})`);
    process.kill(supervisor.pid, 'SIGKILL');
    await waitForEnd(supervisor, 5_000);
    expect((await findingsOf(environment(), home.path))('supervisor')?.found).toMatch('was killed');
  } finally {
    await home.dispose();
  }
});

test.each([
  ['20.18.9', 'fail'],
  ['20.19.0', 'ok'],
  ['22.0.0', 'ok'],
  ['18.20.0', 'fail'],
])('Node %s: %s', (version, status) => {
  expect(checkNode(version).status).toBe(status);
});
