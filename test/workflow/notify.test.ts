import { createServer, type Server } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { type Harness, startHarness, until } from '../setup/harness';

const SECRET = `whsec_${Buffer.from('a secret of the receiver').toString('base64')}`;

type Received = { headers: Record<string, string>; body: string };
let receiver: Server;
let answers: number[] = [];
const received: Received[] = [];
let harness: Harness;
let folder: string;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(answers.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  folder = await mkdtemp(join(tmpdir(), 'durable-research-notify-'));
  harness = await startHarness({
    env: {
      DURABLE_RESEARCH_NOTIFY_URL: `http://127.0.0.1:${port}/hook`,
      DURABLE_RESEARCH_NOTIFY_SECRET: SECRET,
      DURABLE_RESEARCH_NOTIFY_COMMAND: `cat >> ${folder}/notified; echo >> ${folder}/notified`,
    },
  });
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
  await new Promise((resolve) => receiver.close(resolve));
});

test('the end of a run calls a signed webhook and a command, again with the same id after a failure', async () => {
  answers = [500];
  const run = await harness.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  const result = await run.result();
  await until('the webhook came twice', async () => received.length === 2);
  const [refused, taken] = received;
  expect(refused?.headers['webhook-id']).toBe(taken?.headers['webhook-id']);
  const event = new Webhook(SECRET).verify(taken?.body ?? '', taken?.headers ?? {});
  expect(event).toEqual({
    type: 'run.completed',
    workflowId: run.workflowId,
    runId: run.runId,
    usd: result.ledger.total.usd,
  });
  expect(() =>
    new Webhook(`whsec_${Buffer.from('another').toString('base64')}`).verify(taken?.body ?? '', taken?.headers ?? {}),
  ).toThrow(/signature/);
  const lines = (await readFile(join(folder, 'notified'), 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(event);
});

test('a failed run tells why', async () => {
  const run = await harness.research.start({ steps: [{ id: 'a', prompt: 'x', deadline: '1ms' }] });
  await expect(run.result()).rejects.toThrow(/NoOutput/);
  const body = await until(
    'the webhook came',
    async () => received.find((it) => it.body.includes(run.workflowId))?.body,
  );
  expect(JSON.parse(body)).toMatchObject({
    type: 'run.failed',
    failure: { type: 'NoOutput', message: expect.stringContaining('a failed: DeadlineExceeded') },
  });
});

test('a receiver that never answers well costs a warning, not the run', async () => {
  answers = Array.from({ length: 50 }, () => 500);
  const run = await harness.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  expect((await run.result()).outcome).toBe('completed');
  expect((await run.progress()).warnings).toEqual([
    expect.stringMatching(/receiver of notifications could not be told: .*answered 500; expected 2xx/),
  ]);
}, 120_000);
