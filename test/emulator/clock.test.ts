import { Clock } from '../../emulator/clock';
import { admin, startRig, type Rig } from './helpers';

let rig: Rig | undefined;
afterEach(() => rig?.stop());

function advance(of: Rig, seconds: unknown): ReturnType<typeof admin> {
  return admin(of.emulator, 'POST /emulator/clock', { advance_seconds: seconds });
}

test('an hour passes when the clock is moved, and stays passed after a restart', async () => {
  rig = await startRig({ seconds: 3600 });
  const created = await rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?', background: true });
  expect((await advance(rig, 3599)).status).toBe(200);
  expect((await rig.client.responses.retrieve(created.id)).status).toBe('in_progress');
  await advance(rig, 2);
  expect((await rig.client.responses.retrieve(created.id)).status).toBe('completed');

  await rig.emulator.close();
  rig = await startRig({ dataDir: rig.dataDir });
  expect((await rig.client.responses.retrieve(created.id)).status).toBe('completed');
  expect(created.created_at).toBeLessThan(Date.now() / 1000 + 1);
  const later = await rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?', background: true });
  expect(later.created_at - created.created_at).toBeGreaterThanOrEqual(3601);
});

test('a foreground request that waits is answered when the clock passes its end', async () => {
  rig = await startRig({ seconds: 3600 });
  const waiting = rig.client.responses.create({ model: 'gpt-4.1', input: 'What is Raft?' });
  const creates = new URL('/emulator/creates', rig.emulator.url);
  for (;;) {
    const { data } = (await (await fetch(creates)).json()) as { data: unknown[] };
    if (data.length > 0) break;
  }
  await advance(rig, 3600);
  expect((await waiting).status).toBe('completed');
});

test.each([[-1], ['soon'], [1e12], [undefined]])('the clock cannot be moved by %p', async (seconds) => {
  rig = await startRig();
  const response = await advance(rig, seconds);
  expect(response.status).toBe(400);
  expect(response.body).toMatchObject({ error: { param: 'advance_seconds' } });
});

test('waiting ends with its signal, and at once for an instant that has passed', async () => {
  const clock = new Clock(2, 0);
  expect(clock.scaled(3)).toBe(1500);
  await clock.until(clock.now() - 1, new AbortController().signal);
  const abort = new AbortController();
  const never = clock.until(Infinity, abort.signal);
  abort.abort(new Error('stopped'));
  await expect(never).rejects.toThrow('stopped');
  await expect(clock.until(0, abort.signal)).rejects.toThrow('stopped');
});
