import { APIConnectionError } from 'openai';
import { admin, startRig, untilEnded, type Rig } from '../emulator/helpers';
import { startReceiver, type Receiver } from '../emulator/receiver';

const SECRET = `whsec_${Buffer.from('a secret of 24 bytes here').toString('base64')}`;

let rig: Rig;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  rig = await startRig({ seconds: 0.05, webhooks: [{ url: receiver.url, secrets: [SECRET] }] });
});
afterAll(async () => {
  await rig.stop();
  await receiver.stop();
});

const params = { model: 'gpt-4.1', input: 'What is Raft?', background: true } as const;

test('the same Idempotency-Key twice makes two responses: the API does not know the header', async () => {
  const headers = { 'Idempotency-Key': 'once' };
  const first = await rig.client.responses.create(params, { headers });
  const second = await rig.client.responses.create(params, { headers });
  expect(second.id).not.toBe(first.id);
  expect(await untilEnded(rig.client, first.id)).toMatchObject({ status: 'completed' });
  expect(await untilEnded(rig.client, second.id)).toMatchObject({ status: 'completed' });
});

test('responses cannot be listed, so that a lost id is not found again', async () => {
  await expect(rig.client.get('/responses')).rejects.toMatchObject({ status: 405 });
});

test('an answer that is lost leaves an orphan, which only its webhook reveals: unknown id, GET, metadata', async () => {
  const metadata = { attempt: 'run-7/plan/1', emulator_fault: 'drop_after_accept*1' };
  await expect(rig.client.responses.create({ ...params, metadata })).rejects.toBeInstanceOf(APIConnectionError);
  const { data } = (await admin(rig.emulator, 'GET /emulator/creates?metadata[attempt]=run-7/plan/1')).body;
  expect(data).toHaveLength(1);
  const [{ id }] = data as [{ id: string }];
  for (let count = 1; ; count += 1) {
    const webhooks = await receiver.until(count);
    const { body, headers } = webhooks[count - 1] ?? { body: '', headers: {} };
    const event = await rig.client.webhooks.unwrap(body, headers, SECRET);
    if (!('id' in event.data) || event.data.id !== id) continue;
    const orphan = await rig.client.responses.retrieve(event.data.id);
    expect(orphan.metadata).toMatchObject({ attempt: 'run-7/plan/1' });
    return;
  }
});

test.each(['drop_before_accept', 'http_429', 'http_503', 'http_400'])('%s: nothing was accepted', async (fault) => {
  const metadata = { attempt: fault, emulator_fault: fault };
  await expect(rig.client.responses.create({ ...params, metadata })).rejects.toBeInstanceOf(Error);
  const { data } = (await admin(rig.emulator, `GET /emulator/creates?metadata[attempt]=${fault}`)).body;
  expect(data).toEqual([]);
});

test('the id is known as soon as the headers are read, long before the response ends', async () => {
  const metadata = { emulator_seconds: '86400' };
  const { data, response } = await rig.client.responses.create({ ...params, metadata }).withResponse();
  expect(response.headers.get('x-request-id')).toMatch(/^req_/);
  expect(data).toMatchObject({ status: 'queued', id: expect.stringMatching(/^resp_[0-9a-f]{50}$/) as string });
});
