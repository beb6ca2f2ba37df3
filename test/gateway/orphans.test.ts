import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type RunHandle } from '../../client';
import { createProvider, type Provider, ProviderError } from '../../openai';
import { createFileStore } from '../../store/files';
import { announceEnds } from '../../worker';
import { type Harness, type HarnessOptions, moveClock, required, startHarness, until } from '../setup/harness';

const HOUR_SECONDS = 3600;
const WITH_WEBHOOKS = { OPENAI_WEBHOOK_SECRET: 'whsec_c2VjcmV0IG9mIHRlc3Rz' };

let harness: Harness;
afterEach(() => harness.close());

/** The answer of the first create is lost; that response takes an hour, every later one two. */
function losingFirst(provider: Provider): Provider {
  return {
    ...provider,
    createResponse: (body, timeoutMs) => {
      const metadata = body['metadata'] as Record<string, string>;
      const first = metadata['create'] === '1';
      const asked = first
        ? { emulator_fault: 'drop_after_accept', emulator_seconds: String(HOUR_SECONDS) }
        : { emulator_seconds: String(2 * HOUR_SECONDS) };
      return provider.createResponse({ ...body, metadata: { ...metadata, ...asked } }, timeoutMs);
    },
  };
}

async function start(options: HarnessOptions = {}) {
  harness = await startHarness({
    env: WITH_WEBHOOKS,
    deps: (provider) => ({ provider: losingFirst(provider) }),
    ...options,
  });
}

async function announce(responseId: string): Promise<string> {
  const provider = createProvider({ apiKey: 'test', baseURL: harness.emulator.url });
  const announceEnd = announceEnds(harness.research.client, { provider, store: createFileStore(harness.home) });
  return (await announceEnd(responseId)).outcome;
}

async function startRun(onAmbiguousCreate: 'retry' | 'wait' | 'ask', deadline = '6h') {
  return harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Raft.', deadline }], onAmbiguousCreate });
}

/** Until its first look is over: from then on only an announcement ends the wait. */
async function untilWaitedFor(run: RunHandle, responseId: string): Promise<void> {
  await until(`${responseId} is waited for`, async () => {
    const pending = (await run.describe())?.raw.pendingActivities ?? [];
    return pending.some(({ activityId, attempt }) => activityId === `await:${responseId}` && attempt === 2);
  });
}

async function untilCreated(workflowId: string, count: number) {
  return until(`${count} creates are accepted`, async () => {
    const creates = await harness.creates(workflowId);
    return creates.length === count && creates;
  });
}

test("a lost response that completes first is the turn's; its replacement is stopped; both are booked", async () => {
  await start();
  const run = await startRun('retry');
  const [lost, replacement] = await untilCreated(run.workflowId, 2);
  await untilWaitedFor(run, replacement!.id);
  await moveClock(harness.emulator, HOUR_SECONDS);
  expect(await announce(lost!.id)).toBe('told');

  const result = await run.result();
  expect(result.steps['explain']).toMatchObject({ outcome: 'completed', responseIds: [replacement?.id, lost?.id] });
  expect(result.text).toMatch(/Raft/);
  const { ambiguous, possiblyRunning, total, reservedUsd } = result.ledger;
  expect(ambiguous).toEqual([expect.objectContaining({ stepId: 'explain', create: 1, responseId: lost?.id })]);
  expect({ possiblyRunning, creates: total.creates, reservedUsd }).toEqual({
    possiblyRunning: [],
    creates: 2,
    reservedUsd: 0,
  });
  expect(total.usage.output).toBeGreaterThan(0);
  const statuses = (await harness.creates(run.workflowId)).map(({ status }) => status);
  expect(statuses).toEqual(['completed', 'cancelled']);
});

test('a lost response that shows itself after the turn has ended is booked and not used', async () => {
  await start({
    deps: (provider) => ({ provider: losingFirst(provider) }),
  });
  const steps = [
    { id: 'explain', prompt: 'Explain Raft.', deadline: '6h' },
    { id: 'more', prompt: 'Go on.', deadline: '6h' },
  ];
  const run = await harness.research.start({ steps });
  const [lost, replacement] = await untilCreated(run.workflowId, 2);
  await untilWaitedFor(run, replacement!.id);
  await moveClock(harness.emulator, 2 * HOUR_SECONDS);
  expect(await announce(replacement!.id)).toBe('completed');
  const before = await until('the second step runs', async () => {
    const { steps: rows } = await run.progress();
    return rows[1]?.state === 'creating' || rows[1]?.state === 'in_progress' ? rows[0] : undefined;
  });
  expect(await announce(lost!.id)).toBe('told');
  const { steps: after, warnings } = await run.progress();
  expect(warnings.join('\n')).toContain(`the lost answer of create 1 was found: ${lost!.id}, completed`);
  expect((await run.ledger())?.steps['explain']?.usage.output).toBeGreaterThan(before.usage.output);
  expect(after[0]?.responseId).toBe(replacement!.id);
  expect(await announce(lost!.id)).toBe('told');
  const again = await run.ledger();
  expect(again?.ambiguous).toMatchObject([
    { stepId: 'explain', responseId: lost!.id },
    ...(again?.ambiguous.slice(1) ?? []),
  ]);
  await run.cancel();
});

test('"wait" creates nothing anew: the lost response is found by its webhook and used', async () => {
  await start();
  const run = await startRun('wait');
  const [lost] = await untilCreated(run.workflowId, 1);
  await until('the loss is booked', async () => (await run.ledger())?.ambiguous.length === 1);
  await moveClock(harness.emulator, HOUR_SECONDS);
  expect(await announce(lost!.id)).toBe('told');
  const result = await run.result();
  expect(result).toMatchObject({
    outcome: 'completed',
    steps: { explain: { responseIds: [lost!.id] } },
    ledger: { total: { creates: 1 }, ambiguous: [{ responseId: lost!.id }] },
  });
  expect(result.ledger.total.usage.output).toBeGreaterThan(0);
});

test('"wait" ends at the deadline when no webhook tells', async () => {
  await start();
  const run = await startRun('wait', '4s');
  await expect(run.result()).rejects.toThrow(/CreateAmbiguous: no webhook told of its response before the deadline/);
  expect(await harness.creates(run.workflowId)).toHaveLength(1);
});

test.each([
  [
    { steps: [{ id: 'a', prompt: 'x' }], onAmbiguousCreate: 'wait' as const },
    /onAmbiguousCreate: "wait" needs the provider's webhooks/,
  ],
  [
    { steps: [{ id: 'a', prompt: 'x', wait: 'webhook' as const }] },
    /step "a": wait: "webhook" needs the provider's webhooks/,
  ],
])('what only a webhook can end is refused where none is configured', async (input, message) => {
  await start({ env: {} });
  const run = await harness.research.start(input);
  await expect(run.result()).rejects.toThrow(message);
  expect(await harness.creates(run.workflowId)).toEqual([]);
});

const decide = async (workflowId: string, decision: unknown): Promise<unknown> =>
  harness.research.client.workflow.getHandle(workflowId).executeUpdate('decideApproval', { args: [decision] });

/** As docs/triggers.md shows it. */
async function decideByCli(workflowId: string, decision: unknown): Promise<void> {
  const update = ['workflow', 'update', 'execute', '--workflow-id', workflowId, '--name', 'decideApproval'];
  const address = ['--address', required('TEST_TEMPORAL_ADDRESS')];
  await promisify(execFile)(required('TEST_TEMPORAL_CLI'), [
    ...update,
    '--input',
    JSON.stringify(decision),
    ...address,
  ]);
}

async function askedRun() {
  const run = await startRun('ask');
  const [waiting] = await until('somebody is asked', async () => {
    const { waitingFor } = await run.progress();
    return waitingFor.length > 0 && waitingFor;
  });
  return { run, waiting };
}

describe('"ask" leaves it to a person', () => {
  const ID = 'explain/1/create-1';
  test('who creates it again', async () => {
    await start();
    const { run, waiting } = await askedRun();
    expect(waiting).toMatch(/^explain\/1\/create-1: the answer of create 1 was lost.*create again\?$/);
    await expect(decide(run.workflowId, { id: 'other', approve: true })).rejects.toMatchObject({
      cause: {
        message: expect.stringMatching(
          /nothing waits for a decision under "other"; what waits now: "explain\/1\/create-1"/,
        ),
      },
    });
    await expect(decide(run.workflowId, { id: ID, approve: 'yes' })).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/decideApproval is not valid: approve/) },
    });
    expect(await harness.creates(run.workflowId)).toHaveLength(1);
    await decide(run.workflowId, { id: ID, approve: true });
    const [, second] = await untilCreated(run.workflowId, 2);
    await untilWaitedFor(run, second!.id);
    await moveClock(harness.emulator, 2 * HOUR_SECONDS);
    expect(await announce(second!.id)).toBe('completed');
    expect((await run.result()).outcome).toBe('completed');
  });

  test('who gives up', async () => {
    await start();
    const { run } = await askedRun();
    const [approval] = (await run.progress()).approvals;
    expect(approval).toMatchObject({ id: ID, stepId: 'explain', question: expect.stringMatching(/create again\?$/) });
    expect(approval!.deadlineAt).toBeGreaterThan(Date.now());
    await decideByCli(run.workflowId, { id: ID, approve: false, reason: 'too dear' });
    await expect(run.result()).rejects.toThrow(/ApprovalRejected: another create was rejected: too dear/);
  });

  test('who need not decide, because the response shows itself', async () => {
    await start();
    const { run } = await askedRun();
    const [lost] = await harness.creates(run.workflowId);
    await moveClock(harness.emulator, HOUR_SECONDS);
    expect(await announce(lost!.id)).toBe('told');
    expect(await run.result()).toMatchObject({ outcome: 'completed', ledger: { total: { creates: 1 } } });
    expect((await run.progress()).waitingFor).toEqual([]);
  });
});

/** Does not know the first response that it is asked for. Every later create takes two hours. */
function forgettingFirst(provider: Provider): Provider {
  let forgotten: string | undefined;
  return {
    ...provider,
    createResponse: (body, timeoutMs, reading) => {
      const metadata = body['metadata'] as Record<string, string>;
      const seconds = String((metadata['create'] === '1' ? 1 : 2) * HOUR_SECONDS);
      return provider.createResponse(
        { ...body, metadata: { ...metadata, emulator_seconds: seconds } },
        timeoutMs,
        reading,
      );
    },
    retrieveResponse: async (responseId) => {
      forgotten ??= responseId;
      if (responseId === forgotten) throw new ProviderError('ResponseLost', `${responseId} is not known`);
      return provider.retrieveResponse(responseId);
    },
  };
}

test('a response that was forgotten right after its create and shows itself is used, and booked', async () => {
  await start({ deps: (provider) => ({ provider: forgettingFirst(provider) }) });
  const run = await startRun('retry');
  const [forgotten] = await untilCreated(run.workflowId, 2);
  await moveClock(harness.emulator, HOUR_SECONDS);
  expect(await announce(forgotten!.id)).toBe('told');
  const { steps, ledger } = await run.result();
  expect(steps['explain']?.responseIds).toContain(forgotten!.id);
  expect(ledger.ambiguous).toMatchObject([{ create: 1, responseId: forgotten!.id }, { create: 2 }]);
  expect(ledger.total.usage.output).toBeGreaterThan(0);
});
