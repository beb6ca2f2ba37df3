import { stat } from 'node:fs/promises';
import path from 'node:path';
import { startEmulator } from '../../emulator';
import { admin, advance, startRig, type Response, type Rig } from './helpers';
import { startReceiver, untilDeliveries, type Receiver } from './receiver';

const GIVEN = 'a secret that the test gave';
const DAY = 86_400;

let rig: Rig;
const receivers: Receiver[] = [];
afterEach(async () => {
  await rig.stop();
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
});

async function receive(...args: Parameters<typeof startReceiver>): Promise<Receiver> {
  const receiver = await startReceiver(...args);
  receivers.push(receiver);
  return receiver;
}

function create(): Promise<Response> {
  return rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?', background: true });
}

interface Endpoint {
  id: string;
  url: string;
  signing_secret?: string;
}

async function register(body: object): Promise<Endpoint> {
  return (await admin(rig.emulator, 'POST /emulator/webhooks', body)).body as unknown as Endpoint;
}

/** Which of the secrets have signed the n-th webhook. */
async function signers(receiver: Receiver, n: number, secrets: Record<string, string | undefined>): Promise<string[]> {
  const { headers, body } = (await receiver.until(n + 1))[n] ?? { headers: {}, body: '' };
  const found: string[] = [];
  for (const [name, secret] of Object.entries(secrets)) {
    const checked = await rig.client.webhooks.verifySignature(body, headers, secret).then(
      () => true,
      () => false,
    );
    if (checked) found.push(name);
  }
  return found;
}

test('an endpoint registered while responses run gets their ends, and is there after a restart', async () => {
  const receiver = await receive();
  rig = await startRig({ seconds: 60 });
  const { id } = await create();
  const { signing_secret: made, ...endpoint } = await register({ url: receiver.url });
  expect(made).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(endpoint).toEqual({
    id: expect.stringMatching(/^whe_/) as string,
    object: 'webhook_endpoint',
    created_at: expect.any(Number) as number,
    url: receiver.url,
    event_types: ['response.completed', 'response.failed', 'response.cancelled', 'response.incomplete'],
  });
  await rig.emulator.close();
  rig = await startRig({ dataDir: rig.dataDir });
  expect((await admin(rig.emulator, 'GET /emulator/webhooks')).body).toEqual({ object: 'list', data: [endpoint] });
  await advance(rig.emulator, 60);
  expect(await signers(receiver, 0, { made })).toEqual(['made']);
  expect(receiver.received[0]?.body).toContain(id);
});

test('a rotated secret signs alone, or for 24 hours beside the old one when asked to', async () => {
  const receiver = await receive();
  rig = await startRig({ seconds: 0 });
  const { id, signing_secret: echoed } = await register({ url: receiver.url, signing_secret: GIVEN });
  expect(echoed).toBeUndefined();
  const rotate = async (body?: object): Promise<string | undefined> =>
    ((await admin(rig.emulator, `POST /emulator/webhooks/${id}/rotate`, body)).body as unknown as Endpoint)
      .signing_secret;

  const second = await rotate({ keep_old_secret_active_for_24_hours: true });
  await create();
  expect(await signers(receiver, 0, { GIVEN, second })).toEqual(['GIVEN', 'second']);
  await advance(rig.emulator, DAY);
  await create();
  expect(await signers(receiver, 1, { GIVEN, second })).toEqual(['second']);
  const third = await rotate();
  await create();
  expect(await signers(receiver, 2, { GIVEN, second, third })).toEqual(['third']);
  expect(new Set([GIVEN, second, third]).size).toBe(3);
});

test('a deleted endpoint gets nothing more; what was on its way is given up', async () => {
  const receiver = await receive(() => 500);
  rig = await startRig({ seconds: 0 });
  const { id } = await register({ url: receiver.url });
  await create();
  await untilDeliveries(rig, ([delivery]) => delivery?.attempts.length === 1);
  const deleted = await admin(rig.emulator, `DELETE /emulator/webhooks/${id}`);
  expect(deleted).toEqual({ status: 200, body: { id, object: 'webhook_endpoint.deleted', deleted: true } });
  const [delivery] = await untilDeliveries(rig, () => true);
  expect(delivery).toMatchObject({ state: 'given_up', next_attempt_at: null });
  const other = await receive();
  await register({ url: other.url });
  await create();
  await advance(rig.emulator, DAY);
  await other.until(1);
  expect(receiver.received).toHaveLength(1);
  expect((await admin(rig.emulator, `DELETE /emulator/webhooks/${id}`)).status).toBe(404);
});

test('endpoints of the options are listed, and changed there alone', async () => {
  const receiver = await receive();
  rig = await startRig({ webhooks: [{ url: receiver.url, secrets: [GIVEN], events: ['response.failed'] }] });
  const { data } = (await admin(rig.emulator, 'GET /emulator/webhooks')).body as { data: Endpoint[] };
  expect(data).toEqual([
    {
      id: expect.stringMatching(/^whe_/) as string,
      object: 'webhook_endpoint',
      created_at: null,
      url: receiver.url,
      event_types: ['response.failed'],
    },
  ]);
  const id = data[0]?.id ?? '';
  for (const call of [`DELETE /emulator/webhooks/${id}`, `POST /emulator/webhooks/${id}/rotate`]) {
    const { status, body } = await admin(rig.emulator, call);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('comes from the options');
  }
});

const HIDDEN = 'whsec_not-base64-but-secret';

const BAD: [object, string][] = [
  [{ url: 'ftp://example.com/hook' }, 'url'],
  [{ url: 'file:///etc/passwd' }, 'url'],
  [{ url: '/hook' }, 'url'],
  [{ url: 'http://' }, 'url'],
  [{ url: 'http://user:pass@example.com/' }, 'url'],
  [{ url: 7 }, 'url'],
  [{}, 'url'],
  [{ url: 'http://example.com/', signing_secret: '' }, 'signing_secret'],
  [{ url: 'http://example.com/', signing_secret: HIDDEN }, 'signing_secret'],
  [{ url: 'http://example.com/', signing_secret: 'whsec_' }, 'signing_secret'],
  [{ url: 'http://example.com/', signing_secret: [HIDDEN] }, 'signing_secret'],
  [{ url: 'http://example.com/', event_types: [] }, 'event_types'],
  [{ url: 'http://example.com/', event_types: ['response.done'] }, 'event_types[0]'],
  [{ url: 'http://example.com/', secret: HIDDEN }, 'secret'],
];

test('a bad URL, secret or type of event is refused, naming it and showing no secret', async () => {
  rig = await startRig();
  for (const [body, param] of BAD) {
    const answer = await admin(rig.emulator, 'POST /emulator/webhooks', body);
    expect({ body, status: answer.status, error: answer.body['error'] }).toEqual({
      body,
      status: 400,
      error: expect.objectContaining({ type: 'invalid_request_error', param }) as object,
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/but-secret|pass@/);
  }
  expect((await admin(rig.emulator, 'GET /emulator/webhooks')).body).toEqual({ object: 'list', data: [] });
});

test('options are checked in the same way', async () => {
  rig = await startRig();
  const dataDir = path.join(rig.dataDir, 'other');
  const start = (webhooks: Parameters<typeof startEmulator>[0]['webhooks']): Promise<unknown> =>
    startEmulator({ dataDir, webhooks });
  const url = 'http://127.0.0.1:1/';
  await expect(start([{ url: 'gopher://x', secrets: [GIVEN] }])).rejects.toThrow(/webhooks\.0\.url.*http or https/);
  await expect(start([{ url, secrets: [] }])).rejects.toThrow(/webhooks\.0\.secrets/);
  await expect(start([{ url, secrets: [HIDDEN] }])).rejects.toThrow(/^(?!.*but-secret).*webhooks\.0\.secrets\.0/);
  const twice = [1, 2].map(() => ({ url, secrets: [GIVEN] }));
  await expect(start(twice)).rejects.toThrow(/each url once/);
});

test('the folder that holds secrets belongs to its owner alone', async () => {
  rig = await startRig();
  const { mode } = await stat(path.join(rig.dataDir, 'db'));
  expect(mode & 0o777).toBe(0o700);
});
