import { APIConnectionError } from 'openai';
import { run, startRig, untilEnded, type Rig } from './helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0.05 });
});
afterAll(() => rig.stop());

interface CreateRow {
  id: string;
  status: string;
  metadata: Record<string, string>;
  input_bytes: number;
}

/** What the admin list holds for one metadata pair. */
async function creates(key: string, value: string): Promise<CreateRow[]> {
  const url = new URL(`/emulator/creates?metadata[${key}]=${encodeURIComponent(value)}`, rig.emulator.url);
  const body = (await (await fetch(url)).json()) as { data: CreateRow[] };
  return body.data;
}

function request(
  step: string,
  fault: string,
): { model: string; input: string; background: true; metadata: Record<string, string> } {
  const metadata = { step, emulator_fault: fault, emulator_fault_key: `faults/${step}` };
  return { model: 'gpt-4.1', input: 'Explain Raft.', background: true, metadata };
}

test('a response fails with the code that was asked for, once', async () => {
  const params = request('a', 'failed:rate_limit_exceeded*1');
  const failed = await run(rig.client, params);
  expect(failed).toMatchObject({
    status: 'failed',
    error: { code: 'rate_limit_exceeded' },
    output: [],
    completed_at: null,
  });
  expect(await run(rig.client, params)).toMatchObject({ status: 'completed', error: null });
});

test('a response is filtered, or never ends', async () => {
  const filtered = await run(rig.client, request('b', 'incomplete:content_filter'));
  expect(filtered).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } });
  const stuck = await rig.client.responses.create({
    ...request('c', 'stuck'),
    metadata: { emulator_fault: 'stuck', emulator_seconds: '0' },
  });
  expect(await rig.client.responses.retrieve(stuck.id)).toMatchObject({ status: 'queued' });
  expect(await rig.client.responses.cancel(stuck.id)).toMatchObject({ status: 'cancelled' });
});

test('a connection dropped after acceptance leaves a response behind, one dropped before does not', async () => {
  const params = request('d', 'drop_before_accept*1,drop_after_accept*1');
  await expect(rig.client.responses.create(params)).rejects.toBeInstanceOf(APIConnectionError);
  expect(await creates('step', 'd')).toEqual([]);
  await expect(rig.client.responses.create(params)).rejects.toBeInstanceOf(APIConnectionError);
  const [orphan] = await creates('step', 'd');
  expect(orphan).toMatchObject({ metadata: params.metadata, input_bytes: JSON.stringify(params.input).length });
  expect(await untilEnded(rig.client, orphan?.id ?? '')).toMatchObject({ status: 'completed' });
  await rig.client.responses.create(params);
  expect(await creates('step', 'd')).toHaveLength(2);
});

test('refusals carry status, code and retry-after, and are counted but not accepted', async () => {
  const params = request('e', 'http_503*1,http_429:7*1,http_429:insufficient_quota*1');
  await expect(rig.client.responses.create(params)).rejects.toMatchObject({ status: 503 });
  const limited: unknown = await rig.client.responses.create(params).catch((error: unknown) => error);
  expect(limited).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  expect((limited as { headers: Headers }).headers.get('retry-after')).toBe('7');
  await expect(rig.client.responses.create(params)).rejects.toMatchObject({ status: 429, code: 'insufficient_quota' });
  expect(await creates('step', 'e')).toEqual([]);
  expect(await run(rig.client, params)).toMatchObject({ status: 'completed' });
});

test('a plan without a key is counted by itself, and one that does not parse is refused', async () => {
  const metadata = { emulator_fault: 'ok*1,failed:x*1' };
  const statuses: unknown[] = [];
  for (let count = 0; count < 3; count += 1) statuses.push((await run(rig.client, { input: 'x', metadata })).status);
  expect(statuses).toEqual(['completed', 'failed', 'completed']);
  await expect(run(rig.client, { input: 'x', metadata: { emulator_fault: 'explode' } })).rejects.toMatchObject({
    status: 400,
    param: 'metadata.emulator_fault',
  });
});

test('the admin list keeps deleted creates, and the status counts them', async () => {
  const { id } = await run(rig.client, { input: 'x', metadata: { step: 'f' } });
  await rig.client.responses.delete(id);
  expect(await creates('step', 'f')).toMatchObject([{ id, status: 'deleted' }]);
  const status: unknown = await (await fetch(new URL('/emulator/status', rig.emulator.url))).json();
  expect(status).toMatchObject({
    instanceId: rig.emulator.instanceId,
    model: 'durable-research offline extractive model',
    counts: { responses_by_status: { deleted: 1 } },
  });
});
