import { type PipelineInput, RunCancelledError } from '../../client';
import { type Provider, ProviderError } from '../../openai';
import { type Harness, startHarness, until } from '../setup/harness';

let harness: Harness;
afterEach(() => harness.close());

/** A chain that sees what came before, and something beside it that begins at the same time. */
const PIPELINE: PipelineInput = {
  steps: [
    { id: 'explain', prompt: 'Explain Raft.' },
    { id: 'compare', prompt: 'Compare to Paxos.', context: { strategy: 'stateless', from: ['explain'] } },
    { id: 'risks', prompt: 'What goes wrong with leases?', after: [] },
    { id: 'sum', prompt: 'Sum up Raft.', context: { strategy: 'stateless', from: 'all' } },
  ],
};
/** Where responses are kept, nothing but background mode is missing. */
const KEPT: PipelineInput = {
  steps: [
    ...PIPELINE.steps,
    { id: 'chained', prompt: 'Go on.', context: { strategy: 'previous_response', from: ['explain'] } },
    { id: 'said', prompt: 'Explain Paxos.', context: { strategy: 'conversation' } },
    { id: 'more', prompt: 'Compare to Raft.', context: { strategy: 'conversation', from: ['said'] } },
  ],
};

async function result(input: PipelineInput = PIPELINE) {
  const run = await harness.research.start(input);
  return {
    run,
    result: await run.result(),
    progress: await run.progress(),
    creates: await harness.creates(run.workflowId),
  };
}

const marks = (steps: Record<string, { resumable?: boolean }>) => [
  ...new Set(Object.values(steps).map((step) => step.resumable)),
];

test('full: it is found out by the first responses, and nothing else changes', async () => {
  harness = await startHarness();
  const { result: ended, progress, creates } = await result();
  expect(ended.outcome).toBe('completed');
  expect(creates).toHaveLength(4);
  expect(marks(ended.steps)).toEqual([undefined]);
  expect(progress.warnings).toEqual([]);
});

test('refuse: nothing is created by the refusal, and every step runs in the foreground', async () => {
  harness = await startHarness({ emulator: { background: 'refuse' } });
  const { result: ended, progress, creates } = await result(KEPT);
  expect(ended.outcome).toBe('completed');
  expect(ended.text).toMatch(/Raft/);
  expect(creates).toHaveLength(7);
  expect(ended.ledger).toMatchObject({ ambiguous: [], total: { creates: 7 }, reservedUsd: 0, possiblyRunning: [] });
  expect(ended.ledger.total.usage.output).toBeGreaterThan(0);
  expect(marks(ended.steps)).toEqual([false]);
  expect(progress.warnings).toEqual([expect.stringMatching(/no background mode \(it was refused\).*not resumable/)]);
});

/** Refuses creates of one model, as the API refuses a mode: in the background, or whatever the mode. */
function refusing(
  provider: Provider,
  { model, always }: { model: string; always: boolean },
  refused: unknown[],
): Provider {
  return {
    ...provider,
    createResponse: async (body, timeoutMs, reading) => {
      if (body.model !== model || !(always || body['background']))
        return provider.createResponse(body, timeoutMs, reading);
      refused.push(body);
      const type = body['background'] ? 'BackgroundUnsupported' : 'InvalidRequest';
      throw new ProviderError(type, `no background for ${model}`, undefined, { refusedMode: true });
    },
  };
}

const TWO_MODELS: PipelineInput = {
  steps: [
    { id: 'old', prompt: 'Explain Raft.', model: 'gpt-5.5' },
    { id: 'new', prompt: 'Explain Paxos.' },
    { id: 'again', prompt: 'Sum up Raft.', model: 'gpt-5.5' },
  ],
};

test('a mode that one model lacks is missing for that model alone, in later runs too', async () => {
  const refused: unknown[] = [];
  harness = await startHarness({
    deps: (provider) => ({ provider: refusing(provider, { model: 'gpt-5.5', always: false }, refused) }),
  });
  const { result: ended, progress } = await result(TWO_MODELS);
  expect(ended).toMatchObject({ outcome: 'completed', ledger: { ambiguous: [], total: { creates: 3 } } });
  expect(ended.steps['old']?.resumable).toBe(false);
  expect(ended.steps['new']?.resumable).toBeUndefined();
  expect(ended.steps['again']?.resumable).toBe(false);
  expect(progress.warnings).toEqual([expect.stringMatching(/^gpt-5.5 has no background mode \(it was refused\)/)]);
  const before = refused.length;
  const { result: next } = await result(TWO_MODELS);
  expect(marks(next.steps)).toEqual([false, undefined]);
  expect(refused).toHaveLength(before);
});

test('a request that is refused in the foreground too tells nothing of background mode', async () => {
  const refused: unknown[] = [];
  harness = await startHarness({
    deps: (provider) => ({ provider: refusing(provider, { model: 'gpt-5.5', always: true }, refused) }),
  });
  const steps = [
    { id: 'wrong', prompt: 'Explain Raft.', model: 'gpt-5.5' },
    { id: 'right', prompt: 'Explain Paxos.', after: ['wrong'], onMissing: 'note' as const },
  ];
  const { result: ended, progress } = await result({ steps });
  expect(ended.steps['wrong']?.reason).toMatch(/^InvalidRequest: /);
  expect(ended.steps['right']).toMatchObject({ outcome: 'completed' });
  expect(ended.steps['right']?.resumable).toBeUndefined();
  expect(progress.warnings).toEqual([]);
  const { result: next } = await result({ steps: [{ id: 'right', prompt: 'Explain Paxos.' }] });
  expect(marks(next.steps)).toEqual([undefined]);
});

test('ignore: the first create is paid once, and its output is used', async () => {
  harness = await startHarness({ emulator: { background: 'ignore' } });
  const { result: ended, progress, creates } = await result(KEPT);
  expect(ended.outcome).toBe('completed');
  expect(creates).toHaveLength(7);
  expect(ended.ledger).toMatchObject({ ambiguous: [], total: { creates: 7 } });
  expect(marks(ended.steps)).toEqual([false]);
  expect(progress.warnings).toEqual([expect.stringMatching(/no background mode \(it was ignored\)/)]);
});

test('ignore: a response that takes longer than a create may is still paid once, and seen to be at work', async () => {
  harness = await startHarness({
    seconds: 4,
    env: { DURABLE_RESEARCH_CREATE_TIMEOUT: '1s' },
    emulator: { background: 'ignore' },
  });
  const run = await harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Raft.', wait: 'stream' }] });
  const row = await until('it is told', async () => {
    const [step] = (await run.progress()).steps;
    return step?.doing?.startsWith('writing') && step;
  });
  expect(row).toMatchObject({ state: 'in_progress', resumable: false });
  const ended = await run.result();
  expect(ended.steps['explain']?.responseIds).toEqual([row.responseId]);
  expect(await harness.creates(run.workflowId)).toHaveLength(1);
  expect(ended.ledger.ambiguous).toEqual([]);
});

test('forget: what was accepted and not kept is booked as perhaps billed, and created again in the foreground', async () => {
  harness = await startHarness({ emulator: { background: 'forget' } });
  const { result: ended, progress, creates } = await result();
  expect(ended.outcome).toBe('completed');
  // The two steps that begin together both find out.
  expect(ended.ledger.ambiguous.map(({ stepId }) => stepId).toSorted()).toEqual(['explain', 'risks']);
  expect(ended.ledger.ambiguous[0]).toMatchObject({
    reason: expect.stringContaining('did not know it right after') as string,
  });
  expect(ended.ledger.ambiguous[0]?.worstUsd).toBeGreaterThan(0);
  expect(creates).toHaveLength(6);
  expect(marks(ended.steps)).toEqual([false]);
  expect(progress.warnings.join()).toMatch(/it forgets its responses/);
  const { creates: next } = await result();
  expect(next).toHaveLength(4);
});

test('a chain to a response that the provider does not keep is refused before it is paid', async () => {
  harness = await startHarness({ env: { DURABLE_RESEARCH_BACKGROUND: 'none' }, emulator: { background: 'forget' } });
  const { result: ended, creates } = await result({
    steps: [
      { id: 'explain', prompt: 'Explain Raft.' },
      { id: 'beside', prompt: 'Explain Paxos.', after: [] },
      { id: 'chained', prompt: 'Go on.', context: { strategy: 'previous_response', from: ['explain'] } },
    ],
  });
  expect(ended.outcome).toBe('partial');
  expect(ended.steps['chained']).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/^InvalidRequest: step "chained" chains to resp_\w+.*"stateless"/) as string,
  });
  expect(creates).toHaveLength(2);
});

test('a cancel closes the stream, and nothing is left in progress; so does a deadline', async () => {
  harness = await startHarness({ seconds: 600, emulator: { background: 'ignore' } });
  const run = await harness.research.start({
    steps: ['a', 'b'].map((id) => ({ id, prompt: `Explain ${id}.`, after: [] })),
  });
  await until('both are read', async () => (await run.progress()).steps.every(({ resumable: is }) => is === false));
  await run.cancel();
  await expect(run.result()).rejects.toBeInstanceOf(RunCancelledError);
  await until('the provider has noticed', async () =>
    (await harness.creates(run.workflowId)).every(({ status }) => status === 'cancelled'),
  );
  const ledger = await run.ledger();
  // What they used until then is known to nobody.
  const reason = expect.stringContaining('closed by a cancel') as string;
  expect(ledger?.ambiguous.toSorted((x, y) => x.stepId.localeCompare(y.stepId))).toMatchObject([
    { stepId: 'a', reason },
    { stepId: 'b', reason },
  ]);
  expect(ledger).toMatchObject({ reservedUsd: 0, possiblyRunning: [] });

  const late = await harness.research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.', deadline: '2s' }] });
  await expect(late.result()).rejects.toThrow(/DeadlineExceeded: .*closed at its deadline/);
  expect((await late.ledger())?.ambiguous).toHaveLength(1);
  await until('the provider has noticed that too', async () =>
    (await harness.creates(late.workflowId)).every(({ status }) => status === 'cancelled'),
  );
});

test('a create that is refused while its run is cancelled is not booked as perhaps billed', async () => {
  let asked = false;
  harness = await startHarness({
    deps: (provider) => ({
      provider: {
        ...provider,
        createResponse: async (_body, _timeoutMs, reading) => {
          asked = true;
          await new Promise((resolve) => reading?.signal?.addEventListener('abort', resolve));
          throw new ProviderError('Unauthorized', 'the API key was refused');
        },
      },
    }),
  });
  const run = await harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Raft.' }] });
  await until('it is asked for', async () => asked);
  await run.cancel();
  await expect(run.result()).rejects.toBeInstanceOf(RunCancelledError);
  expect(await run.ledger()).toMatchObject({ ambiguous: [], reservedUsd: 0 });
});
