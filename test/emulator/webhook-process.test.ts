import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Emulator } from '../../emulator';
import { admin, advance, clientFor, type Response } from './helpers';
import { startReceiver, untilDeliveries, type Receiver } from './receiver';

const MAIN = path.join(__dirname, '..', '..', 'dist', 'emulator', 'main.js');
const KEY = 'TheSecretThatMustNotShow0';
const SECRET = `whsec_${Buffer.from(KEY).toString('base64')}`;

let dataDir: string;
let receiver: Receiver;
const children: ChildProcess[] = [];
/** Everything that the processes of a test have written. */
let written = '';

beforeAll(() => access(MAIN));
beforeEach(async () => {
  written = '';
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'emulator-webhooks-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await receiver.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function spawnEmulator(flags: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [MAIN, '--data', dataDir, '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (written += String(chunk)));
  return child;
}

async function start(): Promise<{ child: ChildProcess; emulator: Pick<Emulator, 'url'> }> {
  const child = spawnEmulator(['--webhook-url', receiver.url], { OPENAI_WEBHOOK_SECRET: SECRET });
  if (child.stdout === null) throw new Error('The process has no stdout.');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, emulator: JSON.parse(line) as { url: string } };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** How a process that cannot start ends. */
async function failure(flags: string[], env?: Record<string, string>): Promise<number | null> {
  const [code] = (await once(spawnEmulator(flags, env), 'close')) as [number | null];
  return code;
}

function create({ url }: Pick<Emulator, 'url'>, seconds: string): Promise<Response> {
  return clientFor(url).responses.create({
    model: 'gpt-4.1',
    input: 'What is Raft?',
    background: true,
    metadata: { emulator_seconds: seconds },
  });
}

const idOf = ({ body }: { body: string }): string => (JSON.parse(body) as { data: { id: string } }).data.id;

test('a killed emulator sends what was on its way and what ended meanwhile when it comes back', async () => {
  // No webhook is answered before the kill, so it comes between the end of the response and its delivery.
  let killed = false;
  receiver = await startReceiver(() => (killed ? 200 : null));
  const before = await start();
  const ended = await create(before.emulator, '0');
  await receiver.until(1);
  const ends = await create(before.emulator, '0.01');
  const open = await create(before.emulator, '3600');
  await kill(before.child);
  killed = true;

  const { emulator } = await start();
  await untilDeliveries({ emulator }, (all) => all.filter(({ state }) => state === 'delivered').length === 2);
  await advance(emulator, 3600);
  await untilDeliveries({ emulator }, (all) => all.filter(({ state }) => state === 'delivered').length === 3);
  const byWebhookId = new Map(receiver.received.map((webhook) => [webhook.headers['webhook-id'], idOf(webhook)]));
  expect([...byWebhookId.values()].toSorted()).toEqual([ended.id, ends.id, open.id].toSorted());
  expect(receiver.received.filter((webhook) => idOf(webhook) === ended.id).length).toBeGreaterThanOrEqual(2);
  for (const { body, headers } of receiver.received) {
    await clientFor(emulator.url).webhooks.verifySignature(body, headers, SECRET);
  }
});

test('a secret is in no output and in no answer', async () => {
  receiver = await startReceiver(() => 400);
  const { emulator, child } = await start();
  await create(emulator, '0');
  await untilDeliveries({ emulator }, ([delivery]) => delivery?.attempts.length === 1);
  const given = { url: receiver.url, signing_secret: SECRET };
  const registered = await admin(emulator, 'POST /emulator/webhooks', given);
  const answers = [
    registered,
    await admin(emulator, 'GET /emulator/webhooks'),
    await admin(emulator, 'GET /emulator/deliveries'),
    await admin(emulator, 'GET /emulator/status'),
    await admin(emulator, 'POST /emulator/webhooks', { ...given, signing_secret: `${SECRET}!` }),
    await admin(emulator, 'POST /emulator/webhooks', { ...given, url: SECRET }),
    await admin(emulator, `POST /emulator/webhooks/${String(registered.body['id'])}/rotate`, {
      signing_secret: SECRET,
    }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 400, 400, 200]);
  child.kill('SIGTERM');
  await once(child, 'close');
  expect(written).toContain('ready');
  for (const text of [JSON.stringify(answers), written]) {
    expect(text).not.toContain(SECRET.slice('whsec_'.length));
    expect(text).not.toContain(KEY);
  }
});

test('flags that cannot work are refused, saying what to set and showing no secret', async () => {
  receiver = await startReceiver();
  const { url } = receiver;
  const none = { OPENAI_WEBHOOK_SECRET: '' };
  expect(await failure(['--webhook-url', url], none)).toBe(1);
  expect(written).toContain('OPENAI_WEBHOOK_SECRET');
  expect(await failure(['--webhook-secret', SECRET])).toBe(1);
  expect(written).toContain('--webhook-secret needs --webhook-url');
  expect(await failure(['--webhook-url', 'ftp://example.com', '--webhook-secret', SECRET])).toBe(1);
  expect(written).toContain('http or https');
  expect(await failure(['--webhook-url', url, '--webhook-secret', `whsec_${KEY}!`])).toBe(1);
  expect(written).toContain("option 'webhooks.0.secrets.0'");
  expect(await failure(['--rpm', '0'])).toBe(1);
  expect(written).toContain("option 'rpm'");
  expect(written).not.toContain(KEY);
});
