import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startEmulator } from '../../emulator';
import { clientFor, untilEnded, type Response } from './helpers';
import { advance, eventsOf, readRaw } from './streams';

const MAIN = path.join(__dirname, '..', '..', 'dist', 'emulator', 'main.js');
const children: ChildProcess[] = [];
let dataDir: string;

beforeAll(() => access(MAIN));
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'emulator-process-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => end(child, 'SIGKILL')));
  await rm(dataDir, { recursive: true, force: true });
});

interface Ready {
  url: string;
  port: number;
  instanceId: string;
}

function start(...flags: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, '--data', dataDir, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function ready(child: ChildProcess): Promise<Ready> {
  if (child.stdout === null) throw new Error('The process has no stdout.');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return JSON.parse(line) as Ready;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill(signal);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

/** How a process that cannot start ends. */
async function failure(child: ChildProcess): Promise<{ code: unknown; message: string }> {
  let message = '';
  child.stderr?.on('data', (chunk: Buffer) => (message += chunk.toString()));
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, message };
}

test('it says when it is ready, and stops when asked to', async () => {
  const child = start('--port', '0', '--seconds', '0');
  const { url, port, ...rest } = await ready(child);
  expect(rest).toEqual({ ready: true, instanceId: expect.stringMatching(/^emu_/) as string });
  expect(url).toBe(`http://127.0.0.1:${port}/v1`);
  const response = await clientFor(url).responses.create({ model: 'gpt-4.1', input: 'Explain Raft.' });
  expect(response.output_text).toContain('Raft');
  expect(await end(child, 'SIGTERM')).toBe(0);
});

test('a killed process loses nothing that it has answered, and the clock goes on meanwhile', async () => {
  const first = start('--port', '0');
  const { url, instanceId } = await ready(first);
  const before = clientFor(url);
  const create = (seconds: string): Promise<Response> =>
    before.responses.create({
      model: 'gpt-5',
      input: 'Explain Paxos.',
      background: true,
      metadata: { emulator_seconds: seconds },
    });
  const done = await untilEnded(before, (await create('0')).id);
  const ending = await create('0.3');
  const open = await Promise.all(Array.from({ length: 20 }, () => create('600')));
  await end(first, 'SIGKILL');

  const second = start('--port', '0');
  const restarted = await ready(second);
  const after = clientFor(restarted.url);
  expect(restarted.instanceId).toBe(instanceId);
  expect(await after.responses.retrieve(done.id)).toEqual(done);
  const ended = await untilEnded(after, ending.id);
  expect(ended).toMatchObject({ status: 'completed', created_at: ending.created_at });
  expect(ended.completed_at ?? Infinity).toBeLessThanOrEqual(ending.created_at + 1);
  for (const { id, created_at } of open) {
    expect(await after.responses.retrieve(id)).toMatchObject({
      status: expect.stringMatching(/^(?:queued|in_progress)$/) as string,
      created_at,
      output: [],
    });
  }
});

test('a killed process replays and continues the very same stream', async () => {
  const first = start('--port', '0', '--seconds', '1000');
  const emulator = await ready(first);
  const { id } = await clientFor(emulator.url)
    .responses.create({
      model: 'gpt-4.1',
      input: 'Explain Raft.',
      background: true,
      stream: true,
    })
    .then(async (stream) => {
      for await (const event of stream) if (event.type === 'response.created') return event.response;
      throw new Error('The stream names no response.');
    });
  await advance({ emulator }, 500);
  const before: number[] = [];
  const texts: string[] = [];
  for await (const event of await clientFor(emulator.url).responses.retrieve(id, { stream: true })) {
    before.push(event.sequence_number);
    texts.push(JSON.stringify(event));
    if (event.type === 'response.output_text.delta' && before.length > 20) break;
  }
  await end(first, 'SIGKILL');

  const restarted = { emulator: await ready(start('--port', '0', '--seconds', '1000')) };
  await advance(restarted, 500);
  const whole = (await readRaw(restarted, `/responses/${id}?stream=true`)).text;
  expect(
    eventsOf(whole)
      .slice(0, texts.length)
      .map((event) => JSON.stringify(event)),
  ).toEqual(texts);
  const rest = (await readRaw(restarted, `/responses/${id}?stream=true&starting_after=${before.at(-1)}`)).text;
  expect(eventsOf(rest)).toEqual(eventsOf(whole).slice(texts.length));
  expect(eventsOf(whole).at(-1)?.response?.status).toBe('completed');
});

test('creates answered right before a kill are all there, each kill at another instant', async () => {
  const answered: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const child = start('--port', '0');
    const client = clientFor((await ready(child)).url);
    const inFlight = Array.from({ length: 30 }, async () => {
      const { id } = await client.responses.create({ model: 'm', input: 'x', background: true });
      answered.push(id);
      if (answered.length === 10 * (round + 1)) child.kill('SIGKILL');
    });
    await Promise.allSettled(inFlight);
    await end(child, 'SIGKILL');
  }
  expect(answered.length).toBeGreaterThanOrEqual(20);
  const survivor = clientFor((await ready(start('--port', '0'))).url);
  for (const id of answered) expect(await survivor.responses.retrieve(id)).toMatchObject({ id });
});

test('it ends with the process that started it', async () => {
  const child = fork(MAIN, ['--data', dataDir, '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  children.push(child);
  await ready(child);
  child.disconnect();
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
});

test('a data folder serves one process at a time', async () => {
  await ready(start('--port', '0'));
  const { code, message } = await failure(start('--port', '0'));
  expect(code).toBe(1);
  expect(message).toContain(dataDir);
  expect(message).toContain('another emulator process is using it');
  expect(message).toContain('--data');
});

test('a taken port is named, with what to set', async () => {
  const otherDir = await mkdtemp(path.join(os.tmpdir(), 'emulator-other-'));
  const other = await startEmulator({ dataDir: otherDir });
  try {
    const { code, message } = await failure(start('--port', String(other.port)));
    expect(code).toBe(1);
    expect(message).toMatch(new RegExp(`Port ${other.port} .*--port`));
  } finally {
    await other.close();
    await rm(otherDir, { recursive: true, force: true });
  }
});

test.each([
  [['--port', 'many'], '--port expects a number'],
  [['--speed', '0'], "option 'speed'"],
  [['--colour', 'red'], '--colour'],
  [['--corpus', '/nowhere/at/all'], 'Set --corpus'],
])('%j is refused', async (flags, message) => {
  const result = await failure(start(...flags));
  expect(result).toEqual({ code: 1, message: expect.stringContaining(message) as string });
});
