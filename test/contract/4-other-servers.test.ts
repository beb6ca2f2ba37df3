import { startRig, untilEnded, type Rig } from '../emulator/helpers';

let rig: Rig;
afterEach(() => rig.stop());

const params = { model: 'gpt-4.1', input: 'What is Raft?' } as const;

test('full, the default: background is accepted, and the response can be retrieved and cancelled', async () => {
  rig = await startRig({ seconds: 600 });
  const { id, status } = await rig.client.responses.create({ ...params, background: true });
  expect(status).toBe('queued');
  expect((await rig.client.responses.cancel(id)).status).toBe('cancelled');
});

test('refuse: background is a 400 that names the parameter, and foreground works', async () => {
  rig = await startRig({ background: 'refuse', seconds: 0.02 });
  await expect(rig.client.responses.create({ ...params, background: true })).rejects.toMatchObject({
    status: 400,
    code: 'unsupported_parameter',
    param: 'background',
  });
  expect((await rig.client.responses.create(params)).status).toBe('completed');
});

test('ignore: background has no effect, and the answer to the create is completed', async () => {
  rig = await startRig({ background: 'ignore', seconds: 0.02 });
  const response = await rig.client.responses.create({ ...params, background: true });
  expect(response).toMatchObject({ status: 'completed', background: false });
  expect(response.output_text).toContain('Raft');
  await expect(rig.client.responses.cancel(response.id)).rejects.toMatchObject({ status: 400 });
});

test('forget: background is accepted as queued, and nobody finds the response again', async () => {
  rig = await startRig({ background: 'forget', seconds: 0.02 });
  const { id, status } = await rig.client.responses.create({ ...params, background: true });
  expect(status).toBe('queued');
  for (const call of [rig.client.responses.retrieve(id), rig.client.responses.cancel(id)]) {
    await expect(call).rejects.toMatchObject({ status: 404, message: expect.stringContaining(id) as string });
  }
  await expect(rig.client.responses.create({ ...params, previous_response_id: id })).rejects.toMatchObject({
    code: 'previous_response_not_found',
  });
});

test('what is left to a client of each: a foreground response, stateless', async () => {
  for (const background of ['refuse', 'ignore', 'forget'] as const) {
    rig = await startRig({ background, seconds: 0.02 });
    const response = await rig.client.responses.create({ ...params, store: false });
    expect(response).toMatchObject({ status: 'completed' });
    await rig.stop();
  }
  rig = await startRig({ seconds: 0.02 });
  const { id } = await rig.client.responses.create({ ...params, background: true });
  expect((await untilEnded(rig.client, id)).status).toBe('completed');
});
