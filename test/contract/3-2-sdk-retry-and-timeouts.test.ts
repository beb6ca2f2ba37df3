import OpenAI, { APIConnectionError } from 'openai';
import { admin, startRig, type Rig } from '../emulator/helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 600 });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await admin(rig.emulator, 'DELETE /emulator/faults');
});
afterAll(() => rig.stop());

/** A create with the SDK's own settings for retries, under a rule. */
async function createUnder(rule: string, options: OpenAI.RequestOptions = {}): Promise<OpenAI.Responses.Response> {
  await admin(rig.emulator, 'POST /emulator/faults', { rule });
  const sdk = new OpenAI({ baseURL: rig.emulator.url, apiKey: 'test' });
  return sdk.responses.create({ model: 'gpt-4.1', input: 'x', background: true }, options);
}

/** How many creates the rules have seen. */
async function posts(): Promise<unknown> {
  const { data } = (await admin(rig.emulator, 'GET /emulator/faults')).body as {
    data: { counts: Record<string, number> }[];
  };
  return data[0]?.counts['create'] ?? 0;
}

/** What timers were asked for, while the waits between attempts end at once. */
function hurryTimers(): number[] {
  const asked: number[] = [];
  const original = global.setTimeout;
  jest.spyOn(global, 'setTimeout').mockImplementation((run: () => void, ms = 0) => {
    asked.push(ms);
    const isWait = (ms > 300 && ms < 10_000) || ms === 7_200_000;
    return original(run, isWait ? 0 : ms);
  });
  return asked;
}

test.each([408, 409, 429, 500, 502, 503, 504])('the SDK makes two more attempts after a %i', async (status) => {
  expect((await createUnder(`http_${status}:1ms*2`)).status).toBe('queued');
  expect(await posts()).toBe(3);
  await admin(rig.emulator, 'DELETE /emulator/faults');
  await expect(createUnder(`http_${status}:1ms*3`)).rejects.toMatchObject({ status });
  expect(await posts()).toBe(3);
});

test.each([400, 401, 403, 404, 422])('the SDK makes no other attempt after a %i', async (status) => {
  await expect(createUnder(`http_${status}:1ms`)).rejects.toMatchObject({ status });
  expect(await posts()).toBe(1);
});

test('x-should-retry has the last word', async () => {
  await createUnder('http_400:1ms:retry*1');
  expect(await posts()).toBe(2);
  await admin(rig.emulator, 'DELETE /emulator/faults');
  await expect(createUnder('http_503:no_retry')).rejects.toMatchObject({ status: 503 });
  expect(await posts()).toBe(1);
});

test('a 429 for an exhausted quota is retried as any other, which never helps', async () => {
  await expect(createUnder('http_429:1ms:insufficient_quota')).rejects.toMatchObject({ code: 'insufficient_quota' });
  expect(await posts()).toBe(3);
});

test('retry-after is obeyed without a cap: hours stall the client', async () => {
  const asked = hurryTimers();
  await createUnder('http_429:7200*1');
  expect(asked).toContain(7_200_000);
});

test('without retry-after the waits are half a second and a second, a quarter less at most', async () => {
  const asked = hurryTimers();
  await createUnder('http_500*2');
  const waits = asked.filter((ms) => ms > 300 && ms < 10_000);
  expect(waits).toHaveLength(2);
  expect(waits[0]).toBeGreaterThanOrEqual(375);
  expect(waits[0]).toBeLessThanOrEqual(500);
  expect(waits[1]).toBeGreaterThanOrEqual(750);
  expect(waits[1]).toBeLessThanOrEqual(1000);
});

test('a dropped connection is retried, and the create before it stays: two background responses', async () => {
  hurryTimers();
  const { id } = await createUnder('drop_after_accept*1');
  const { data } = (await admin(rig.emulator, 'GET /emulator/creates')).body as { data: { id: string }[] };
  expect(data.at(-1)?.id).toBe(id);
  expect(await posts()).toBe(2);
  expect(data.length).toBeGreaterThanOrEqual(2);
});

test('a time-out is retried too, although the create before it was accepted', async () => {
  const metadata = { step: 'slow' };
  await admin(rig.emulator, 'POST /emulator/faults', { rule: 'latency:60*1' });
  const sdk = new OpenAI({ baseURL: rig.emulator.url, apiKey: 'test', timeout: 1000 });
  await sdk.responses.create({ model: 'gpt-4.1', input: 'x', background: true, metadata });
  const { data } = (await admin(rig.emulator, 'GET /emulator/creates?metadata[step]=slow')).body as { data: unknown[] };
  expect(data.length).toBeGreaterThanOrEqual(2);
});

test('the time-out covers the wait for headers alone: a body may take longer', async () => {
  expect((await createUnder('slow_body:1.4', { timeout: 1000, maxRetries: 0 })).status).toBe('queued');
});

test('with no retries left to it, the SDK makes one POST, whatever happens', async () => {
  const fault = 'drop_before_accept';
  await expect(createUnder(fault, { maxRetries: 0 })).rejects.toBeInstanceOf(APIConnectionError);
  expect(await posts()).toBe(1);
});

test('retries are counted in x-stainless-retry-count, and an idempotency key sends nothing', async () => {
  await admin(rig.emulator, 'POST /emulator/faults', { rule: 'http_500:1ms*2' });
  const sent: Headers[] = [];
  const sdk = new OpenAI({
    baseURL: rig.emulator.url,
    apiKey: 'test',
    fetch: (url, init) => {
      sent.push(new Headers(init?.headers));
      return fetch(url, init);
    },
  });
  const params = { model: 'gpt-4.1', input: 'x', background: true } as const;
  await sdk.responses.create(params, { idempotencyKey: 'once', timeout: 60_000 });
  expect(sent.map((headers) => headers.get('x-stainless-retry-count'))).toEqual(['0', '1', '2']);
  expect(sent.map((headers) => headers.get('x-stainless-timeout'))).toEqual(['60', '60', '60']);
  expect(sent.some((headers) => headers.has('idempotency-key'))).toBe(false);
});

test('a base URL may end with a slash', async () => {
  const sdk = new OpenAI({ baseURL: `${rig.emulator.url}/`, apiKey: 'test' });
  const created = await sdk.responses.create({ model: 'gpt-4.1', input: 'x', background: true });
  expect((await sdk.responses.retrieve(created.id)).id).toBe(created.id);
});
