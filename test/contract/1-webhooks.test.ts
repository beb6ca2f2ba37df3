import { createHmac } from 'node:crypto';
import OpenAI, { InvalidWebhookSignatureError } from 'openai';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { advance, startRig, type Response, type Rig } from '../emulator/helpers';
import { startReceiver, untilDeliveries, type Received, type Receiver } from '../emulator/receiver';

const KEY = Buffer.from('a secret of thirty-two bytes ...');
const SECRET = `whsec_${KEY.toString('base64')}`;
const RAW_SECRET = 'not base64, not prefixed';

let receiver: Receiver;
let rig: Rig;

async function start(secrets: string[], answer?: (n: number) => number): Promise<void> {
  receiver = await startReceiver(answer);
  rig = await startRig({ seconds: 0, webhooks: [{ url: receiver.url, secrets }] });
}

afterEach(async () => {
  await rig.stop();
  await receiver.stop();
});

function create(metadata: Record<string, string> = {}): Promise<Response> {
  return rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?', background: true, metadata });
}

async function first(metadata?: Record<string, string>): Promise<Received> {
  await create(metadata);
  const [webhook] = await receiver.until(1);
  if (webhook === undefined) throw new Error('no webhook arrived');
  return webhook;
}

function headersOf({ headers }: Received): Headers {
  return new Headers(Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]));
}

/** The same webhook with one header changed or, for null, left out. */
function withHeader(webhook: Received, name: string, value: string | null): Headers {
  const headers = headersOf(webhook);
  if (value === null) headers.delete(name);
  else headers.set(name, value);
  return headers;
}

const withStandardWebhooks = (webhook: Received, secret: string, format?: 'raw'): unknown =>
  new Webhook(secret, format && { format }).verify(webhook.body, webhook.headers as Record<string, string>);

test('response.completed, failed, incomplete and cancelled are sent, of background responses alone', async () => {
  await start([SECRET]);
  const completed = await create();
  const failed = await create({ emulator_fault: 'failed' });
  const incomplete = await create({ emulator_fault: 'incomplete:content_filter' });
  const cancelled = await create({ emulator_seconds: '600' });
  await rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?' });
  await rig.client.responses.cancel(cancelled.id);
  const events = await Promise.all(
    (await receiver.until(4)).map((webhook) => rig.client.webhooks.unwrap(webhook.body, webhook.headers, SECRET)),
  );
  expect(Object.fromEntries(events.map(({ data, type }) => ['id' in data ? data.id : '', type]))).toEqual({
    [completed.id]: 'response.completed',
    [failed.id]: 'response.failed',
    [incomplete.id]: 'response.incomplete',
    [cancelled.id]: 'response.cancelled',
  });
  expect(await untilDeliveries(rig, (all) => all.every(({ state }) => state === 'delivered'))).toHaveLength(4);
});

test('the body is thin: id, object, type, created_at and the id of the response', async () => {
  await start([SECRET]);
  const { body } = await first();
  const event = JSON.parse(body) as Record<string, unknown> & { data: { id: string } };
  const response = await rig.client.responses.retrieve(event.data.id);
  expect(event).toEqual({
    id: expect.stringMatching(/^evt_[0-9a-f]+$/) as string,
    object: 'event',
    type: 'response.completed',
    created_at: response.completed_at,
    data: { id: response.id },
  });
});

test('the headers are those of Standard Webhooks, with content type and user agent', async () => {
  await start([SECRET]);
  const before = Math.floor(Date.now() / 1000);
  const { headers, body } = await first();
  expect(headers).toMatchObject({
    'webhook-id': expect.stringMatching(/^wh_[0-9a-f]+$/) as string,
    'webhook-timestamp': expect.stringMatching(/^\d{10}$/) as string,
    'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/) as string,
    'content-type': 'application/json',
    'user-agent': 'OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)',
  });
  expect(body).not.toContain(headers['webhook-id']);
  expect(Number(headers['webhook-timestamp'])).toBeGreaterThanOrEqual(before);
  expect(Number(headers['webhook-timestamp'])).toBeLessThanOrEqual(Date.now() / 1000);
});

test.each([
  ['decoded from base64 after whsec_', SECRET, KEY, undefined],
  ['otherwise the text itself', RAW_SECRET, Buffer.from(RAW_SECRET), 'raw'],
] as const)(
  'the signature is HMAC-SHA256 over id.timestamp.body; its key is %s',
  async (_case, secret, key, format) => {
    await start([secret]);
    const webhook = await first();
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = webhook.headers;
    const signed = `${String(id)}.${String(timestamp)}.${webhook.body}`;
    expect(signature).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    const event: unknown = JSON.parse(webhook.body);
    expect(await rig.client.webhooks.unwrap(webhook.body, webhook.headers, secret)).toEqual(event);
    expect(withStandardWebhooks(webhook, secret, format)).toEqual(event);
  },
);

test('a client with webhookSecret needs no secret in the call; without any it says where to set one', async () => {
  await start([SECRET]);
  const { body, headers } = await first();
  const client = new OpenAI({ apiKey: 'test', webhookSecret: SECRET });
  expect(await client.webhooks.unwrap(body, headers)).toEqual(JSON.parse(body));
  await expect(rig.client.webhooks.unwrap(body, headers)).rejects.toThrow('OPENAI_WEBHOOK_SECRET');
});

test('a missing header is a plain Error that names it', async () => {
  await start([SECRET]);
  const webhook = await first();
  for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
    const unwrapping = rig.client.webhooks.unwrap(webhook.body, withHeader(webhook, name, null), SECRET);
    await expect(unwrapping).rejects.toThrow(`Missing required header: ${name}`);
    await expect(unwrapping).rejects.not.toBeInstanceOf(InvalidWebhookSignatureError);
  }
});

test('a changed body, id or secret is InvalidWebhookSignatureError', async () => {
  await start([SECRET]);
  const webhook = await first();
  const { webhooks } = rig.client;
  const attempts = [
    () => webhooks.unwrap(webhook.body.replace('completed', 'failed'), webhook.headers, SECRET),
    () => webhooks.unwrap(webhook.body, withHeader(webhook, 'webhook-id', 'wh_1'), SECRET),
    () => webhooks.unwrap(webhook.body, webhook.headers, RAW_SECRET),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toBeInstanceOf(InvalidWebhookSignatureError);
  expect(() => withStandardWebhooks({ ...webhook, body: `${webhook.body} ` }, SECRET)).toThrow(
    WebhookVerificationError,
  );
});

test('a timestamp may be 300 s off and no more', async () => {
  await start([SECRET]);
  const webhook = await first({ emulator_fault: 'webhook_old_timestamp' });
  const { body, headers } = webhook;
  await expect(rig.client.webhooks.unwrap(body, headers, SECRET)).rejects.toThrow(InvalidWebhookSignatureError);
  expect(() => withStandardWebhooks(webhook, SECRET)).toThrow(WebhookVerificationError);
  // Its signature is right: with more tolerance it passes.
  expect(await rig.client.webhooks.unwrap(body, headers, SECRET, 3600)).toEqual(JSON.parse(body));
});

test('while a secret is replaced there is a signature for each, and any one that matches passes', async () => {
  await start([SECRET, RAW_SECRET]);
  const webhook = await first();
  expect(String(webhook.headers['webhook-signature']).split(' ')).toHaveLength(2);
  const event: unknown = JSON.parse(webhook.body);
  for (const secret of [SECRET, RAW_SECRET]) {
    expect(await rig.client.webhooks.unwrap(webhook.body, webhook.headers, secret)).toEqual(event);
  }
  expect(withStandardWebhooks(webhook, SECRET)).toEqual(event);
  expect(withStandardWebhooks(webhook, RAW_SECRET, 'raw')).toEqual(event);
});

test('what is not answered with 2xx is sent again with the same webhook-id, signed anew', async () => {
  await start([SECRET], (n) => (n === 0 ? 302 : 200));
  await create();
  await untilDeliveries(rig, ([delivery]) => delivery?.attempts.length === 1);
  await advance(rig.emulator, 5);
  const webhooks = await receiver.until(2);
  expect(new Set(webhooks.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(new Set(webhooks.map(({ body }) => body)).size).toBe(1);
  for (const { body, headers } of webhooks) {
    expect(await rig.client.webhooks.unwrap(body, headers, SECRET)).toEqual(JSON.parse(body));
  }
});

test('a duplicate is known by its webhook-id', async () => {
  await start([SECRET]);
  await create({ emulator_fault: 'webhook_doubled' });
  const [one, other] = await receiver.until(2);
  expect(one?.headers['webhook-id']).toBe(other?.headers['webhook-id']);
  expect(one?.body).toBe(other?.body);
});
