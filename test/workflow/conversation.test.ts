import { ProviderError } from '../../openai';
import { type Harness, startHarness, withFaults } from '../setup/harness';

let harness: Harness;
let down = false;
const faults: Record<string, string> = {};
beforeAll(async () => {
  harness = await startHarness({
    deps: (provider) => ({
      provider: {
        ...withFaults(provider, faults),
        createConversation: () =>
          down ? Promise.reject(new ProviderError('ProviderUnavailable', 'down')) : provider.createConversation(),
      },
    }),
  });
});
afterAll(() => harness.close());

const context = { strategy: 'conversation' as const };

/** Two steps that say the same: what the first said must not be taken for what the second says. */
async function goOn(fault: string): Promise<{ steps: unknown; creates: unknown; ambiguous: unknown }> {
  faults['second'] = fault;
  const run = await harness.research.start({
    steps: [
      { id: 'first', prompt: 'Go on about Raft.', context },
      { id: 'second', prompt: 'Go on about Raft.', context },
      { id: 'other', prompt: 'Explain Paxos.', after: [] },
    ],
  });
  const { steps, ledger } = await run.result();
  const creates = await harness.creates(run.workflowId);
  return {
    steps,
    creates: creates
      .filter(({ metadata }) => metadata['step_id'] === 'second')
      .map(({ status, metadata }) => [metadata['create'], status]),
    ambiguous: ledger.ambiguous.map(({ stepId, create }) => [stepId, create]),
  };
}

describe('in a conversation', () => {
  test('a response that failed is created anew', async () => {
    expect(await goOn('failed:server_error*1')).toMatchObject({
      steps: { second: { outcome: 'completed' } },
      creates: [
        ['1', 'failed'],
        ['2', 'completed'],
      ],
      ambiguous: [],
    });
  });

  test('a lost create that was not accepted is sent again', async () => {
    expect(await goOn('drop_before_accept*1')).toMatchObject({
      steps: { second: { outcome: 'completed' } },
      creates: [['2', 'completed']],
      ambiguous: [['second', 1]],
    });
  });

  test('a lost create that was accepted is said and paid once, booked once, and the step tells it', async () => {
    expect(await goOn('drop_after_accept*1')).toMatchObject({
      steps: {
        second: { outcome: 'failed', reason: expect.stringMatching(/^AlreadyInConversation: conversation conv_/) },
      },
      creates: [['1', 'completed']],
      ambiguous: [['second', 1]],
    });
  });

  test('a step is told of one before it that left nothing there', async () => {
    faults['lost'] = 'failed:invalid_prompt';
    const run = await harness.research.start({
      steps: [
        { id: 'lost', prompt: 'x', context },
        { id: 'noted', prompt: 'Explain Raft.', context, onMissing: 'note' },
      ],
    });
    expect((await run.result()).steps).toMatchObject({ noted: { outcome: 'completed' } });
    const [, noted] = await harness.creates(run.workflowId);
    const answer = await fetch(`${harness.emulator.url}/responses/${noted?.id}/input_items?limit=100`, {
      headers: { authorization: 'Bearer test' },
    });
    expect((await answer.text()).match(/step \\"lost\\" has no output/g)).toHaveLength(1);
  });

  test('a conversation that cannot be created holds up a step until its deadline, and the next may ask again', async () => {
    down = true;
    const run = await harness.research.start({
      steps: [
        { id: 'a', prompt: 'x', context, deadline: '1s' },
        { id: 'b', prompt: 'Explain Raft.', context, onMissing: 'note' },
      ],
    });
    const ended = harness.research.run(run.workflowId).follow({ intervalMs: 100 });
    for await (const event of ended) {
      if (event.kind === 'progress' && event.steps.some(({ id, state }) => id === 'a' && state === 'ended'))
        down = false;
    }
    expect((await run.result()).steps).toMatchObject({
      a: { outcome: 'failed', reason: expect.stringMatching(/^DeadlineExceeded: .*the deadline of step "a"/) },
      b: { outcome: 'completed' },
    });
  });
});
