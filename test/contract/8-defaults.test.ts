import { emulatorOptionsSchema, parseEmulatorFlags } from '../../emulator/options';
import { advance, api, refusalOf, startRig, type Rig } from '../emulator/helpers';

let rig: Rig;
afterEach(() => rig.stop());

const BASE = { model: 'gpt-4.1', input: 'What is Raft?' };

test('without options the emulator does what was seen on the wire', async () => {
  rig = await startRig();
  expect(emulatorOptionsSchema.parse({ dataDir: 'x' })).toMatchObject({
    host: '127.0.0.1',
    speed: 1,
    dataMode: 'standard',
    retentionSeconds: 30 * 86_400,
    previousNotFound: 400,
    afterDelete: 404,
    deleteObject: 'response',
    cancelOutput: 'cleared',
    modelNames: 'dated',
    streamDone: false,
    errorEvent: 'nested',
  });
});

test('every switch can be thrown on the command line, and a wrong value names its option', async () => {
  rig = await startRig();
  const flags = [
    '--data-mode=mam', '--retention=60', '--previous-not-found=404', '--after-delete=400',
    '--delete-object=response.deleted', '--cancel-output=kept', '--model-names=asked',
  ]; // prettier-ignore
  expect(parseEmulatorFlags(flags)).toMatchObject({
    dataMode: 'mam',
    retentionSeconds: 60,
    previousNotFound: 404,
    afterDelete: 400,
    deleteObject: 'response.deleted',
    cancelOutput: 'kept',
    modelNames: 'asked',
  });
  expect(() => parseEmulatorFlags(['--data-mode=none'])).toThrow(/option 'dataMode'.*standard.*mam.*zdr/);
  expect(() => parseEmulatorFlags(['--after-delete=500'])).toThrow("option 'afterDelete'");
  expect(() => parseEmulatorFlags(['--retention=soon'])).toThrow('--retention expects a number');
});

test('a stream has numbers from 0, no queue in the foreground, frames without ids and no [DONE]', async () => {
  rig = await startRig({ seconds: 0 });
  const answer = await fetch(`${rig.emulator.url}/responses`, {
    method: 'POST',
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    body: JSON.stringify({ ...BASE, stream: true }),
  });
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const frames = (await answer.text()).split('\n\n').filter((frame) => frame !== '');
  const events = frames.map((frame) => {
    const [, type, data] = /^event: (.+)\ndata: (.+)$/.exec(frame) ?? [];
    return { type, ...(JSON.parse(data ?? 'null') as { sequence_number: number }) };
  });
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  expect([events[0]?.type, events[1]?.type]).toEqual(['response.created', 'response.in_progress']);
  expect(events.at(-1)?.type).toBe('response.completed');
});

test('web searches are counted into tool_usage', async () => {
  rig = await startRig({ seconds: 0 });
  const { output, ...rest } = await rig.client.responses.create({ ...BASE, tools: [{ type: 'web_search' }] });
  const searches = output.filter((item) => item.type === 'web_search_call' && item.action.type === 'search');
  expect(searches.length).toBeGreaterThan(0);
  expect(rest).toMatchObject({ tool_usage: { web_search: { num_requests: searches.length } } });
});

test('it serves /v1 and the root, and any other path is a 404 in the envelope', async () => {
  rig = await startRig({ seconds: 0 });
  const headers = { authorization: 'Bearer test' };
  for (const path of ['/v1/models', '/models']) {
    expect((await fetch(new URL(path, rig.emulator.url), { headers })).status).toBe(200);
  }
  expect(await refusalOf(rig.emulator, 'GET /chat/completions')).toMatchObject({
    status: 404,
    type: 'invalid_request_error',
  });
});

test('one response can be given its own queue, run, cancel lag and late end by metadata', async () => {
  rig = await startRig({ seconds: 600 });
  const create = async (metadata: Record<string, string>): Promise<string> => {
    const { id } = await rig.client.responses.create({ ...BASE, background: true, metadata });
    return id;
  };
  const status = async (id: string): Promise<unknown> =>
    (await api(rig.emulator, `GET /responses/${id}`)).body['status'];
  const short = await create({ emulator_seconds: '30' });
  const queued = await create({ emulator_fault: 'long_queue:3600' });
  const lagging = await create({ emulator_fault: 'cancel_lag:10' });
  const flipping = await create({ emulator_fault: 'flip:120' });
  for (const id of [lagging, flipping]) await rig.client.responses.cancel(id);
  expect(await status(lagging)).not.toBe('cancelled');
  await advance(rig.emulator, 60);
  expect(await Promise.all([short, queued, lagging, flipping].map(status))).toEqual([
    'completed', 'queued', 'cancelled', 'cancelled',
  ]); // prettier-ignore
  await advance(rig.emulator, 61);
  expect(await status(flipping)).toBe('completed');
});
