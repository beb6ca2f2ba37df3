import { EventEmitter, once } from 'node:events';
import { RunCancelledError } from '../../client';
import { ProviderError } from '../../openai';
import { type Harness, startHarness, until } from '../setup/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ seconds: 60 });
});
afterAll(() => harness.close());

test('a cancel reaches the provider before the run ends, and nothing runs on', async () => {
  const steps = ['a', 'b', 'c'].map((id) => ({ id, prompt: `Explain ${id}.`, after: [] }));
  const run = await harness.research.start({
    steps: [...steps, { id: 'sum', prompt: 'Sum up.', context: { strategy: 'stateless', from: 'all' } }],
  });
  await until(
    'three responses are in progress',
    async () => (await harness.creates(run.workflowId)).filter(({ status }) => status === 'in_progress').length === 3,
  );
  await run.cancel();
  await expect(run.result()).rejects.toBeInstanceOf(RunCancelledError);
  // Asked after the run has ended: what is cancelled now was cancelled before.
  expect((await harness.creates(run.workflowId)).map(({ status }) => status)).toEqual([
    'cancelled',
    'cancelled',
    'cancelled',
  ]);
  const { steps: rows } = await run.progress();
  expect(rows.map(({ id, state, outcome }) => [id, state, outcome])).toEqual([
    ['a', 'ended', 'cancelled'],
    ['b', 'ended', 'cancelled'],
    ['c', 'ended', 'cancelled'],
    ['sum', 'waiting', undefined],
  ]);
  expect((await run.ledger())?.possiblyRunning).toEqual([]);
});

test('a cancel while the create is on its way waits for the id, and stops that response too', async () => {
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = await startHarness({
    seconds: 60,
    deps: (provider) => ({
      provider: {
        ...provider,
        async createResponse(body, timeoutMs) {
          const response = await provider.createResponse(body, timeoutMs);
          await held;
          return response;
        },
      },
    }),
  });
  try {
    const run = await slow.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
    await until('the provider has accepted', async () => (await slow.creates(run.workflowId)).length === 1);
    await run.cancel();
    release?.();
    await expect(run.result()).rejects.toBeInstanceOf(RunCancelledError);
    expect((await slow.creates(run.workflowId)).map(({ status }) => status)).toEqual(['cancelled']);
  } finally {
    await slow.close();
  }
});

test.each(['RateLimited', 'InvalidRequest', 'CreateAmbiguous'] as const)(
  'a cancelled run is cancelled, not failed, when the create on its way ends as %s',
  async (type) => {
    let sent = 0;
    const refusal = new EventEmitter();
    const slow = await startHarness({
      deps: (provider) => ({
        provider: {
          ...provider,
          async createResponse() {
            sent += 1;
            await once(refusal, 'now');
            throw new ProviderError(type, 'refused in the end');
          },
        },
      }),
    });
    try {
      const run = await slow.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
      await until('the create is on its way', async () => sent === 1);
      await run.cancel();
      await until('the run knows', async () => (await run.progress()).stage === 'cancelling');
      refusal.emit('now');
      await expect(run.result()).rejects.toBeInstanceOf(RunCancelledError);
      expect(sent).toBe(1);
      expect(await run.ledger()).toMatchObject({
        reservedUsd: 0,
        ambiguous: type === 'CreateAmbiguous' ? [{ stepId: 'a', create: 1 }] : [],
      });
    } finally {
      await slow.close();
    }
  },
);
