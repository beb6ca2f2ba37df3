import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { type Gateway, startGateway, type WebhookReport } from '../../gateway';
import { createProvider } from '../../openai';
import { createFileStore } from '../../store/files';
import { announceEnds } from '../../worker';
import { type Harness, moveClock, startHarness, until } from '../setup/harness';

const OLD_SECRET = `whsec_${Buffer.from('the secret before the rotation').toString('base64')}`;
const SECRET = `whsec_${Buffer.from('the secret after the rotation').toString('base64')}`;
const HOUR_SECONDS = 3600;

let harness: Harness;
let gateway: Gateway;
const reports: WebhookReport[] = [];

beforeAll(async () => {
  harness = await startHarness({ seconds: HOUR_SECONDS, env: { OPENAI_WEBHOOK_SECRET: `${SECRET} ${OLD_SECRET}` } });
  const provider = createProvider({ apiKey: 'test', baseURL: harness.emulator.url });
  const announce = announceEnds(harness.research.client, { provider, store: createFileStore(harness.home) });
  gateway = await startGateway({
    port: 0,
    host: '127.0.0.1',
    secrets: [SECRET, OLD_SECRET],
    announce,
    report: (report) => reports.push(report),
  });
});
afterAll(async () => {
  await gateway.close();
  await harness.close();
});
beforeEach(() => reports.splice(0));

function eventOf(responseId: string, type = 'response.completed'): string {
  const createdAt = Math.floor(Date.now() / 1000);
  return JSON.stringify({
    id: `evt_${randomUUID()}`,
    object: 'event',
    type,
    created_at: createdAt,
    data: { id: responseId },
  });
}

type Delivery = { to?: Gateway; secret?: string; secondsFromNow?: number; signedBody?: string };

async function deliver(
  body: string,
  { to = gateway, secret = SECRET, secondsFromNow = 0, signedBody = body }: Delivery = {},
) {
  const at = new Date(Date.now() + secondsFromNow * 1000);
  const id = `wh_${randomUUID()}`;
  const answer = await fetch(to.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, signedBody),
    },
    body,
  });
  return { status: answer.status, body: await answer.json() };
}

/** Starts a run of one step and gives its response, once the run waits for it without being watched. */
async function waitingRun(step: Record<string, unknown> = {}) {
  const run = await harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Raft.', ...step }] });
  const pending = await until('the run waits', async () => {
    const [activity] = (await run.describe())?.raw.pendingActivities ?? [];
    return activity?.activityId?.startsWith('await:') && activity.attempt === 2 && activity;
  });
  return { run, pending, responseId: pending.activityId!.slice('await:'.length) };
}

test('a webhook ends the wait at once, and nothing was polled meanwhile', async () => {
  const { run, pending, responseId } = await waitingRun({
    format: {
      type: 'object',
      properties: { summary: { type: 'string' } },
      required: ['summary'],
      additionalProperties: false,
    },
  });
  const fallback = Number(pending.nextAttemptScheduleTime?.seconds) * 1000 - Date.now();
  expect(fallback).toBeGreaterThan(45_000);
  await moveClock(harness.emulator, HOUR_SECONDS);
  expect(await deliver(eventOf(responseId))).toEqual({ status: 200, body: { outcome: 'completed' } });
  const result = await run.result();
  expect(result).toMatchObject({ outcome: 'completed', json: { summary: expect.stringMatching(/Raft/) } });
  expect(result.ledger.total).toMatchObject({ creates: 1, usage: { output: expect.any(Number) } });
  expect(reports).toEqual([expect.objectContaining({ responseId, outcome: 'completed', type: 'response.completed' })]);

  // Sent again, and after the run's end.
  expect(await deliver(eventOf(responseId))).toEqual({ status: 200, body: { outcome: 'too late' } });
});

test('deliveries of the same end, many at once, end one wait', async () => {
  const { run, responseId } = await waitingRun();
  await moveClock(harness.emulator, HOUR_SECONDS);
  const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(eventOf(responseId))));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  expect(await run.result()).toMatchObject({ outcome: 'completed', ledger: { total: { creates: 1 } } });
});

test('a webhook of an end that reads do not show yet changes nothing, and is sent again by the provider', async () => {
  const { run, responseId } = await waitingRun();
  expect(await deliver(eventOf(responseId))).toEqual({ status: 503, body: { outcome: 'pending' } });
  await moveClock(harness.emulator, HOUR_SECONDS);
  await deliver(eventOf(responseId));
  expect((await run.result()).outcome).toBe('completed');
});

test('an end that a run knows already is told and ignored', async () => {
  const steps = [
    { id: 'first', prompt: 'Explain Raft.' },
    { id: 'second', prompt: 'Go on.' },
  ];
  const run = await harness.research.start({ steps });
  const responseOf = async (step: number): Promise<string> =>
    until(`step ${step} waits`, async () => {
      const { steps: rows } = await run.progress();
      const [activity] = (await run.describe())?.raw.pendingActivities ?? [];
      // Its first look is over: one that comes after the clock was moved would end the wait by itself.
      return rows[step]?.state === 'in_progress' && activity?.attempt === 2 && rows[step].responseId;
    });
  const first = await responseOf(0);
  await moveClock(harness.emulator, HOUR_SECONDS);
  await until('the first wait is ended', async () => {
    const { body } = await deliver(eventOf(first));
    return (body as { outcome: string }).outcome === 'completed';
  });
  const second = await responseOf(1);
  expect(await deliver(eventOf(first))).toEqual({ status: 200, body: { outcome: 'told' } });
  await moveClock(harness.emulator, HOUR_SECONDS);
  await until('the second wait is ended', async () => {
    const { body } = await deliver(eventOf(second));
    return (body as { outcome: string }).outcome === 'completed';
  });
  const { outcome, ledger } = await run.result();
  expect({ outcome, creates: ledger.total.creates, ambiguous: ledger.ambiguous }).toEqual({
    outcome: 'completed',
    creates: 2,
    ambiguous: [],
  });
});

describe('what is no webhook of ours', () => {
  const event = eventOf('resp_unknown');

  test.each<[name: string, body: string, delivery: Delivery, message: RegExp]>([
    ['signed with another secret', event, { secret: 'whsec_c29tZWJvZHkgZWxzZQ==' }, /signature/i],
    ['changed after it was signed', event, { signedBody: '{}' }, /signature/i],
    ['older than five minutes', event, { secondsFromNow: -310 }, /too old/],
    ['from the future', event, { secondsFromNow: 310 }, /too new/],
    ['not JSON', 'no json', {}, /not JSON/],
    ['no event', '{"data":{}}', {}, /no webhook event: id/],
  ])('%s is refused', async (_name, body, delivery, message) => {
    const answer = await deliver(body, delivery);
    expect(answer).toEqual({ status: 400, body: { error: { message: expect.stringMatching(message) } } });
    expect(JSON.stringify(answer)).not.toContain('rotation');
    expect(reports).toEqual([{ outcome: 'refused', error: expect.objectContaining({ name: 'WebhookRefused' }) }]);
    expect(String(reports[0]?.error)).not.toContain('rotation');
  });

  test('the secret before the rotation is still taken, events of other kinds are acknowledged', async () => {
    const body = eventOf('batch_1', 'batch.completed');
    expect(await deliver(body, { secret: OLD_SECRET })).toEqual({ status: 200, body: { outcome: 'ignored' } });
  });

  test('a response that others created is acknowledged', async () => {
    const created = await createProvider({ apiKey: 'test', baseURL: harness.emulator.url }).createResponse(
      { model: 'gpt-4.1', input: [{ type: 'message', role: 'user', content: 'hi' }], background: true },
      5_000,
    );
    expect(await deliver(eventOf(created.id))).toEqual({ status: 200, body: { outcome: 'not ours' } });
  });

  test('a body beyond the bound is refused before it is read', async () => {
    const answer = await deliver(JSON.stringify({ padding: 'x'.repeat(70_000) }));
    expect(answer.status).toBe(413);
  });

  test('a response that the provider does not know is acknowledged', async () => {
    expect(await deliver(eventOf('resp_unknown'))).toEqual({ status: 200, body: { outcome: 'not ours' } });
  });

  test('an end that cannot be looked at now is sent again by the provider', async () => {
    const failing = await startGateway({
      port: 0,
      host: '127.0.0.1',
      secrets: [SECRET],
      announce: () => Promise.reject(new Error('the provider is down')),
      report: (report) => reports.push(report),
    });
    try {
      expect(await deliver(event, { to: failing })).toEqual({ status: 503, body: { outcome: 'failed' } });
    } finally {
      await failing.close();
    }
    expect(reports).toMatchObject([{ outcome: 'failed', error: { message: 'the provider is down' } }]);
  });

  test('a request without a signature and another path', async () => {
    expect((await fetch(gateway.url, { method: 'POST', body: event })).status).toBe(400);
    expect((await fetch(new URL('/other', gateway.url))).status).toBe(404);
    expect((await fetch(new URL('/healthz', gateway.url))).status).toBe(200);
  });
});
