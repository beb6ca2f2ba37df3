import { admin, advance, startRig, type Response, type Rig } from './helpers';
import { startDiceServer } from '../contract/mcp-server';
import { startReceiver, untilDeliveries, type Receiver } from './receiver';

const SECRET = `whsec_${Buffer.from('a secret of 24 bytes here').toString('base64')}`;
const HOUR = 3600;

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

async function startFor(...urls: string[]): Promise<void> {
  rig = await startRig({ seconds: 0, webhooks: urls.map((url) => ({ url, secrets: [SECRET] })) });
}

function create(metadata: Record<string, string> = {}): Promise<Response> {
  return rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?', background: true, metadata });
}

const eventOf = ({ body }: { body: string }) =>
  JSON.parse(body) as { id: string; type: string; data: { id: string }; created_at: number };

describe('retries', () => {
  test('a failed attempt is made again after 5 s, then after twice as long each time, under the same webhook-id', async () => {
    const receiver = await receive((n) => (n < 3 ? 500 : 204));
    await startFor(receiver.url);
    const { id } = await create();
    for (const [n, wait] of [5, 10, 20].entries()) {
      const [delivery] = await untilDeliveries(rig, ([first]) => first?.attempts.length === n + 1);
      const last = delivery?.attempts.at(-1);
      expect(last?.status).toBe(500);
      expect(delivery?.state).toBe('pending');
      expect((delivery?.next_attempt_at ?? 0) - (last?.at ?? 0)).toBeGreaterThanOrEqual(wait);
      await advance(rig.emulator, wait);
    }
    const [delivery] = await untilDeliveries(rig, ([first]) => first?.state === 'delivered');
    expect(delivery).toMatchObject({ response_id: id, type: 'response.completed', next_attempt_at: null });
    expect(delivery?.attempts.map(({ status }) => status)).toEqual([500, 500, 500, 204]);
    const all = receiver.received.map(({ headers, body }) => `${String(headers['webhook-id'])} ${body}`);
    expect(new Set(all).size).toBe(1);
    expect(all.length).toBe(4);
  });

  test('after 72 hours a delivery is given up, and shown as such', async () => {
    const receiver = await receive(() => 500);
    await startFor(receiver.url);
    await create();
    let attempts = 0;
    for (;;) {
      const [delivery] = await untilDeliveries(rig, ([first]) => (first?.attempts.length ?? 0) > attempts);
      attempts = delivery?.attempts.length ?? 0;
      if (delivery?.state === 'given_up') break;
      await advance(rig.emulator, 5 * 2 ** (attempts - 1));
    }
    const [delivery] = await untilDeliveries(rig, () => true, '?state=given_up');
    expect(delivery?.next_attempt_at).toBeNull();
    const [first, last] = [delivery?.attempts[0]?.at ?? 0, delivery?.attempts.at(-1)?.at ?? 0];
    expect(last - first).toBeGreaterThan(36 * HOUR);
    expect(last - first).toBeLessThanOrEqual(72 * HOUR);
    await advance(rig.emulator, 100 * HOUR);
    expect((await untilDeliveries(rig, () => true))[0]?.attempts.length).toBe(attempts);
    expect(receiver.received.length).toBe(attempts);
  });

  test('a redirect is not followed and is a failure', async () => {
    const receiver = await receive(() => 302);
    await startFor(receiver.url);
    await create();
    const [delivery] = await untilDeliveries(rig, ([first]) => first?.attempts.length === 1);
    expect(delivery).toMatchObject({ state: 'pending', attempts: [{ status: 302, error: null }] });
    expect(receiver.received.length).toBe(1);
  });

  test('a receiver that does not listen is tried again, and the reason is shown', async () => {
    const receiver = await receive();
    await receiver.stop();
    receivers.length = 0;
    await startFor(receiver.url);
    await create();
    const [delivery] = await untilDeliveries(rig, ([first]) => first?.attempts.length === 1);
    expect(delivery?.attempts[0]).toMatchObject({
      status: null,
      error: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(delivery?.state).toBe('pending');
  });
});

test('an endpoint that never answers holds up no other one', async () => {
  const [slow, quick] = [await receive(() => null), await receive()];
  await startFor(slow.url, quick.url);
  const ids = await Promise.all(Array.from({ length: 12 }, async () => (await create()).id));
  const arrived = await quick.until(ids.length);
  expect(arrived.map((webhook) => eventOf(webhook).data.id).toSorted()).toEqual(ids.toSorted());
  // The slow one has as many open requests as are allowed at once.
  expect(await slow.until(8)).toHaveLength(8);
});

test('two endpoints are told of the same event, each under a webhook-id of its own', async () => {
  const [one, other] = [await receive(), await receive()];
  await startFor(one.url, other.url);
  await create();
  const [a] = await one.until(1);
  const [b] = await other.until(1);
  expect(a?.body).toBe(b?.body);
  expect(a?.headers['webhook-id']).not.toBe(b?.headers['webhook-id']);
});

describe('what ends a response decides', () => {
  test('a cancelled one is announced at once as cancelled, and not again at the end that it would have had', async () => {
    const receiver = await receive();
    await startFor(receiver.url);
    const { id } = await create({ emulator_seconds: '600' });
    await rig.client.responses.cancel(id);
    const [webhook] = await receiver.until(1);
    expect(webhook && eventOf(webhook)).toMatchObject({ type: 'response.cancelled', data: { id } });
    await advance(rig.emulator, 601);
    const later = await create();
    const [, next] = await receiver.until(2);
    expect(next && eventOf(next).data.id).toBe(later.id);
  });

  test('one that never ends, one that is open and one in the foreground are not announced', async () => {
    const receiver = await receive();
    await startFor(receiver.url);
    await create({ emulator_fault: 'stuck' });
    await create({ emulator_seconds: '600' });
    await rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?' });
    const { id } = await create();
    const [webhook] = await receiver.until(1);
    expect(webhook && eventOf(webhook).data.id).toBe(id);
    expect(await untilDeliveries(rig, () => true)).toHaveLength(1);
  });

  test('one that is deleted is announced all the same: it has ended', async () => {
    const receiver = await receive((n) => (n === 0 ? 500 : 200));
    await startFor(receiver.url);
    const { id } = await create();
    await untilDeliveries(rig, ([first]) => first?.attempts.length === 1);
    await rig.client.responses.delete(id);
    await advance(rig.emulator, 5);
    const [, webhook] = await receiver.until(2);
    expect(webhook && eventOf(webhook).data.id).toBe(id);
  });
});

test('what was due while the emulator was down is sent when it comes back, retries included', async () => {
  const receiver = await receive((n) => (n === 0 ? 503 : 200));
  await startFor(receiver.url);
  const failed = await create();
  await untilDeliveries(rig, ([first]) => first?.attempts.length === 1);
  const open = await create({ emulator_seconds: '600' });
  await advance(rig.emulator, 4);
  await rig.emulator.close();
  rig = await startRig({ dataDir: rig.dataDir, webhooks: [{ url: receiver.url, secrets: [SECRET] }] });
  await advance(rig.emulator, 600);
  const [, ...webhooks] = await receiver.until(3);
  expect(webhooks.map((webhook) => eventOf(webhook).data.id).toSorted()).toEqual([failed.id, open.id].toSorted());
});

test('an emulator that stops cuts attempts off at once, and makes them again when it comes back', async () => {
  let stopped = false;
  const receiver = await receive(() => (stopped ? 200 : null));
  await startFor(receiver.url);
  await create();
  await receiver.until(1);
  await rig.emulator.close();
  expect(receiver.received).toHaveLength(1);
  stopped = true;
  rig = await startRig({ dataDir: rig.dataDir, webhooks: [{ url: receiver.url, secrets: [SECRET] }] });
  const [delivery] = await untilDeliveries(rig, ([first]) => first?.state === 'delivered');
  expect(delivery?.attempts).toHaveLength(1);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});

test('an endpoint gets the events that it asked for', async () => {
  const receiver = await receive();
  rig = await startRig({
    seconds: 0,
    webhooks: [{ url: receiver.url, secrets: [SECRET], events: ['response.failed', 'response.incomplete'] }],
  });
  await create();
  const failed = await create({ emulator_fault: 'failed' });
  const incomplete = await create({ emulator_fault: 'incomplete:content_filter' });
  const arrived = (await receiver.until(2)).map((webhook) => eventOf(webhook));
  expect(Object.fromEntries(arrived.map(({ type, data }) => [data.id, type]))).toEqual({
    [failed.id]: 'response.failed',
    [incomplete.id]: 'response.incomplete',
  });
  expect(await untilDeliveries(rig, () => true)).toHaveLength(2);
});

test('without an endpoint nothing is queued', async () => {
  rig = await startRig({ seconds: 0 });
  const { id } = await create();
  expect((await rig.client.responses.retrieve(id)).status).toBe('completed');
  expect((await admin(rig.emulator, 'GET /emulator/deliveries')).body).toEqual({ object: 'list', data: [] });
});

test('a response that is gone before its webhook was queued is announced all the same', async () => {
  const receiver = await receive();
  rig = await startRig({
    seconds: 60,
    dataMode: 'mam',
    webhooks: [{ url: receiver.url, secrets: [SECRET] }],
  });
  const { id } = await create();
  await advance(rig.emulator, 7200);
  const [webhook] = await receiver.until(1);
  expect(webhook && eventOf(webhook)).toMatchObject({ type: 'response.completed', data: { id } });
  await expect(rig.client.responses.retrieve(id)).rejects.toThrow('not found');
});

test('a response whose end is known only after its MCP calls is announced when it has ended', async () => {
  const receiver = await receive();
  await startFor(receiver.url);
  const dice = await startDiceServer();
  try {
    const { id } = await rig.client.responses.create({
      model: 'gpt-4.1',
      input: 'Roll the dice.',
      background: true,
      tools: [{ type: 'mcp', server_label: 'dice', server_url: dice.url, require_approval: 'never' }],
    });
    const [webhook] = await receiver.until(1);
    expect(webhook && eventOf(webhook)).toMatchObject({ type: 'response.completed', data: { id } });
    expect((await rig.client.responses.retrieve(id)).output.map(({ type }) => type)).toContain('mcp_call');
  } finally {
    await dice.close();
  }
});

test('a response that ends later than keys can tell holds up no webhook after a restart', async () => {
  const receiver = await receive();
  await startFor(receiver.url);
  await create({ emulator_seconds: '1e300' });
  const { id } = await create({ emulator_seconds: '600' });
  await rig.emulator.close();
  rig = await startRig({ dataDir: rig.dataDir, webhooks: [{ url: receiver.url, secrets: [SECRET] }] });
  await advance(rig.emulator, 600);
  const [webhook] = await receiver.until(1);
  expect(webhook && eventOf(webhook).data).toEqual({ id });
});
