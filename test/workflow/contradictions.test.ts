import { conclude } from '../../activities';
import { type RunHandle } from '../../client';
import { createProvider, isTerminal, type Provider, ProviderError } from '../../openai';
import { createFileStore } from '../../store/files';
import { announceEnds } from '../../worker';
import { type Harness, moveClock, startHarness, until, withFaults } from '../setup/harness';

const HOUR_SECONDS = 3600;
/** It is at work until the clock is moved by an hour. */
const AN_HOUR = `long_queue:${HOUR_SECONDS}`;

let harness: Harness;
afterEach(() => harness.close());

type Change = (provider: Provider, home: () => string) => Partial<Provider>;

async function open(faults: Record<string, string>, change: Change = () => ({}), env: NodeJS.ProcessEnv = {}) {
  harness = await startHarness({
    env,
    deps: (provider) => ({
      provider: { ...withFaults(provider, faults), ...change(provider, () => harness.home) },
    }),
  });
}

/** As a gateway does when a webhook tells of an end. */
async function announce(responseId: string, change: Change = () => ({})): Promise<string> {
  const provider = createProvider({ apiKey: 'test', baseURL: harness.emulator.url });
  const changed = { ...provider, ...change(provider, () => harness.home) };
  const announcing = announceEnds(harness.research.client, { provider: changed, store: createFileStore(harness.home) });
  return (await announcing(responseId)).outcome;
}

async function endOf(run: RunHandle, id: string) {
  return until(`${id} has ended`, async () => {
    const { steps } = await run.progress();
    return steps.find((step) => step.id === id && step.state === 'ended');
  });
}

test('a stopped response that completes after all is no second answer, and is booked once', async () => {
  await open({ late: `${AN_HOUR};flip:60`, other: AN_HOUR });
  const run = await harness.research.start({
    steps: [
      { id: 'late', prompt: 'Explain Raft.', maxQueued: '1s', retries: 0 },
      { id: 'other', prompt: 'Explain Paxos.', after: [] },
    ],
  });
  const { responseId = '' } = await endOf(run, 'late');
  expect(await run.ledger()).toMatchObject({ costUnknown: [{ stepId: 'late', responseId }], total: { usd: 0 } });
  await moveClock(harness.emulator, 60);
  expect(await announce(responseId)).toBe('told');
  const told = await run.ledger();
  expect(told?.costUnknown).toEqual([]);
  expect(told?.steps['late']?.usage.output).toBeGreaterThan(0);
  expect(await announce(responseId)).toBe('told');
  expect(await run.ledger()).toEqual(told);
  await moveClock(harness.emulator, HOUR_SECONDS);
  const { outcome, steps, text } = await run.result();
  expect(outcome).toBe('partial');
  expect(steps['late']).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/^ResponseStuck: /) });
  expect(text).toMatch(/Paxos/);
  expect(text).not.toMatch(/^## late/m);
});

/** A response that completed once is called failed, and empty, ever after. */
function takingBack(): Change {
  const completed = new Set<string>();
  return (provider) => ({
    async retrieveResponse(responseId) {
      const response = await provider.retrieveResponse(responseId);
      const { metadata } = response as { metadata?: Record<string, string> };
      if (response.status !== 'completed' || metadata?.['step_id'] !== 'first') return response;
      if (!completed.has(responseId)) {
        completed.add(responseId);
        return response;
      }
      const error = { code: 'server_error', message: 'it failed after all' };
      return { ...response, status: 'failed', output: [], usage: null, error };
    },
  });
}

const GATED = [
  { id: 'first', prompt: 'Explain Raft.' },
  { id: 'gate', prompt: 'Explain Paxos.', after: [] },
  { id: 'next', prompt: 'Go on.', context: { strategy: 'stateless' as const, from: ['first'] }, after: ['gate'] },
];

test('a completed response that is called failed later keeps its output, for the steps that follow too', async () => {
  const change = takingBack();
  await open({ gate: AN_HOUR }, change);
  const run = await harness.research.start({ steps: GATED });
  const { responseId = '' } = await endOf(run, 'first');
  const before = await run.ledger();
  expect(await announce(responseId, change)).toBe('told');
  expect(await run.ledger()).toEqual(before);
  await moveClock(harness.emulator, HOUR_SECONDS);
  const { outcome, ledger } = await run.result();
  expect(outcome).toBe('completed');
  expect(ledger.steps['first']).toEqual(before?.steps['first']);
  const next = (await harness.creates(run.workflowId)).find(({ metadata }) => metadata['step_id'] === 'next');
  expect(next?.input_bytes).toBeGreaterThan(500);
});

test('an output that only the provider had, and that it takes back, is lost and not empty', async () => {
  await open({}, takingBack(), { DURABLE_RESEARCH_STORE: 'provider' });
  const run = await harness.research.start({ steps: GATED });
  await expect(run.result()).rejects.toMatchObject({
    failure: {
      result: {
        steps: {
          first: { outcome: 'completed' },
          next: {
            outcome: 'failed',
            reason: expect.stringMatching(
              /^ResponseLost: response resp_\w+ of step "first" had an output, but .*"failed"/,
            ),
          },
        },
      },
    },
  });
});

test('an output that our own store holds is used when the provider has forgotten it', async () => {
  await open({}, (provider, home) => ({
    async retrieveResponse(responseId) {
      const response = await provider.retrieveResponse(responseId);
      if (!isTerminal(response.status)) return response;
      // As a worker that died between storing the output and telling the run.
      await conclude(createFileStore(home()), response, { stepId: 'a' });
      throw new ProviderError('ResponseLost', `${responseId} is gone`);
    },
  }));
  const run = await harness.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  const { outcome, text, ledger } = await run.result();
  expect({ outcome, costUnknown: ledger.costUnknown }).toEqual({ outcome: 'completed', costUnknown: [] });
  expect(text).toMatch(/Raft/);
  expect(ledger.total.usage.output).toBeGreaterThan(0);
});

test('what a context needs is asked for again, and its loss has a name', async () => {
  await open({ shaky: 'http_500@input_items*1', gone: 'not_found@input_items' }, undefined, {
    DURABLE_RESEARCH_STORE: 'provider',
  });
  const run = await harness.research.start({
    steps: [
      { id: 'shaky', prompt: 'Explain Raft.' },
      { id: 'gone', prompt: 'Explain Paxos.', after: [] },
      { id: 'fine', prompt: 'Go on.', context: { strategy: 'stateless', from: ['shaky'] } },
      { id: 'missing', prompt: 'Go on.', context: { strategy: 'stateless', from: ['gone'] } },
    ],
  });
  expect((await run.result()).steps).toMatchObject({
    fine: { outcome: 'completed' },
    missing: { outcome: 'failed', reason: expect.stringMatching(/^ResponseLost: could not read resp_\w+/) },
  });
});

test('a response that somebody else cancels is not created anew', async () => {
  await open({ a: AN_HOUR });
  const run = await harness.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  const responseId = await until('it is created', async () => (await run.progress()).steps[0]?.responseId);
  await createProvider({ apiKey: 'test', baseURL: harness.emulator.url }).cancelResponse(responseId);
  await expect(run.result()).rejects.toMatchObject({
    failure: {
      result: {
        steps: { a: { outcome: 'cancelled', reason: expect.stringMatching(/^ResponseCancelled: /) } },
        ledger: { costUnknown: [{ responseId, worstUsd: expect.any(Number) }], total: { creates: 1 } },
      },
    },
  });
});
