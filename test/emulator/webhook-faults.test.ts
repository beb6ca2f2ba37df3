import { InvalidWebhookSignatureError } from 'openai';
import { deliveriesOf } from '../../emulator/webhooks/plan';
import { postWebhook } from '../../emulator/webhooks/post';
import { admin, advance, startRig, type Response, type Rig } from './helpers';
import { startReceiver, untilDeliveries, type Receiver } from './receiver';

const SECRET = 'a secret of plain text';

let rig: Rig;
let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
  rig = await startRig({ seconds: 0, webhooks: [{ url: receiver.url, secrets: [SECRET] }] });
});
afterEach(async () => {
  await rig.stop();
  await receiver.stop();
});

function create(metadata: Record<string, string> = {}): Promise<Response> {
  return rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?', background: true, metadata });
}

const idOf = ({ body }: { body: string }): string => (JSON.parse(body) as { data: { id: string } }).data.id;

test('webhook_lost: nothing is sent, and the list of deliveries says so', async () => {
  const lost = await create({ emulator_fault: 'webhook_lost' });
  const [delivery] = await untilDeliveries(rig, (all) => all.length === 1);
  expect(delivery).toMatchObject({ response_id: lost.id, state: 'lost', attempts: [], next_attempt_at: null });
  const { id } = await create();
  expect((await receiver.until(1)).map(idOf)).toEqual([id]);
  expect((await rig.client.responses.retrieve(lost.id)).status).toBe('completed');
});

test('webhook_doubled: the same webhook arrives twice, also where the first was taken', async () => {
  await create({ emulator_fault: 'webhook_doubled' });
  await untilDeliveries(rig, (all) => all.length === 2 && all.every(({ state }) => state === 'delivered'));
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});

test('webhook_reordered: it is sent after those of responses that ended later', async () => {
  const early = await create({ emulator_fault: 'webhook_reordered:120' });
  await untilDeliveries(rig, (all) => all.length === 1);
  const late = await create();
  await receiver.until(1);
  await advance(rig.emulator, 60);
  expect(receiver.received).toHaveLength(1);
  await advance(rig.emulator, 60);
  expect((await receiver.until(2)).map(idOf)).toEqual([late.id, early.id]);
});

test('webhook_bad_signature: it looks right and does not verify, in every attempt', async () => {
  await create({ emulator_fault: 'webhook_bad_signature' });
  const [webhook] = await receiver.until(1);
  expect(webhook?.headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  const unwrapping = rig.client.webhooks.unwrap(webhook?.body ?? '', webhook?.headers ?? {}, SECRET);
  await expect(unwrapping).rejects.toThrow(InvalidWebhookSignatureError);
});

test('a rule of the admin API counts the ends of responses', async () => {
  await admin(rig.emulator, 'POST /emulator/faults', { rule: 'webhook_lost#2' });
  const ids: string[] = [];
  for (let n = 1; n <= 3; n += 1) {
    ids.push((await create()).id);
    await untilDeliveries(rig, (all) => all.length === n);
  }
  const all = await untilDeliveries(rig, (found) => found.every(({ state }) => state !== 'pending'));
  expect(all.filter(({ state }) => state === 'lost').map(({ response_id: id }) => id)).toEqual([ids[1]]);
});

test('a cancelled response that turns out to be completed is announced twice, as what it was each time', async () => {
  const { id } = await create({ emulator_fault: 'flip:300', emulator_seconds: '600' });
  await rig.client.responses.cancel(id);
  await receiver.until(1);
  await advance(rig.emulator, 300);
  const types = (await receiver.until(2)).map(({ body }) => (JSON.parse(body) as { type: string }).type);
  expect(types).toEqual(['response.cancelled', 'response.completed']);
  expect((await rig.client.responses.retrieve(id)).status).toBe('completed');
});

test('a cancel that comes too late announces the end that the response had', async () => {
  const { id } = await create({ emulator_fault: 'cancel_lag:30', emulator_seconds: '20' });
  await rig.client.responses.cancel(id);
  await advance(rig.emulator, 20);
  const [webhook] = await receiver.until(1);
  expect(JSON.parse(webhook?.body ?? '')).toMatchObject({ type: 'response.completed', data: { id } });
});

test('faults can be combined', () => {
  const names = ['webhook_doubled', 'webhook_bad_signature', 'webhook_old_timestamp'];
  const faults = [...names.map((name) => ({ name })), { name: 'webhook_reordered', argument: '7' }];
  const plan = { delaySeconds: 7, lost: false, badSignature: true, oldTimestamp: true };
  expect(deliveriesOf(faults)).toEqual([plan, plan]);
  expect(deliveriesOf([])).toEqual([{ delaySeconds: 0, lost: false, badSignature: false, oldTimestamp: false }]);
});

test('a receiver that takes too long has failed', async () => {
  const silent = await startReceiver(() => null);
  const { signal } = new AbortController();
  try {
    await expect(postWebhook(silent.url, { headers: {}, body: '{}', timeoutMs: 50, signal })).rejects.toThrow(
      'No answer within 0.05 s.',
    );
  } finally {
    await silent.stop();
  }
});
