import { STEP_PROGRESS_SIGNAL } from '../../contract/names';
import { type Harness, moveClock, startHarness, until, withFaults } from '../setup/harness';

/** What the worker asked the provider for: `follow`, with the event after which, or `look`. */
const asked: string[] = [];

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({
    seconds: 600,
    deps: (provider) => {
      const faulty = withFaults(provider, { dropped: 'stream_dropped:6@resume*2', unknown: 'stream_not_found@resume' });
      return {
        provider: {
          ...faulty,
          followResponse(responseId, options) {
            asked.push(`follow ${options.startingAfter ?? 'all'}`);
            return faulty.followResponse(responseId, options);
          },
          retrieveResponse(responseId) {
            asked.push('look');
            return faulty.retrieveResponse(responseId);
          },
        },
      };
    },
  });
});
afterAll(() => harness.close());
beforeEach(() => asked.splice(0));

async function start(id: string) {
  const run = await harness.research.start({ steps: [{ id, prompt: 'Explain Raft.', wait: 'stream' }] });
  await until('it is waited for', async () => asked.includes('look'));
  return run;
}

test('a step that is waited for by its stream tells what it does, and its end comes with the stream', async () => {
  const run = await start('explain');
  await until('the stream is followed', async () => asked.includes('follow all'));
  await moveClock(harness.emulator, 400);
  const doing = await until('it is told', async () => (await run.progress()).steps[0]?.doing);
  expect(doing).toMatch(/^writing: [\d,]+ characters$/);
  const looks = asked.length;
  await moveClock(harness.emulator, 600);
  const { outcome, text } = await run.result();
  expect(outcome).toBe('completed');
  // The end was read once, after the stream had told of it.
  expect(asked.slice(looks)).toEqual(['look']);
  expect((await run.progress()).steps[0]).not.toHaveProperty('doing');
  const history = JSON.stringify(await harness.research.client.workflow.getHandle(run.workflowId).fetchHistory());
  const { events = [] } = await harness.research.client.workflow.getHandle(run.workflowId).fetchHistory();
  const signals = (events ?? []).filter(({ workflowExecutionSignaledEventAttributes: signal }) => signal);
  expect(signals.length).toBeGreaterThan(0);
  expect(signals.length).toBeLessThanOrEqual(20);
  for (const signal of signals)
    expect(
      Buffer.from(signal.workflowExecutionSignaledEventAttributes!.input!.payloads![0]!.data!).length,
    ).toBeLessThan(250);
  expect(history).toContain(STEP_PROGRESS_SIGNAL);
  expect(text).toMatch(/Raft/);
});

test('a stream that breaks off is taken up after the last event that came', async () => {
  const run = await start('dropped');
  await moveClock(harness.emulator, 300);
  await until('the stream is taken up twice', async () => asked.filter((call) => call.startsWith('follow')).length > 2);
  const [first, second, third] = asked.filter((call) => call.startsWith('follow'));
  expect(first).toBe('follow all');
  expect(second).toBe('follow 5');
  expect(third).toBe('follow 11');
  await moveClock(harness.emulator, 600);
  expect((await run.result()).outcome).toBe('completed');
});

test('a response that cannot be followed is watched', async () => {
  const run = await start('unknown');
  await until('it is looked at again', async () => asked.filter((call) => call === 'look').length > 1);
  await moveClock(harness.emulator, 600);
  expect((await run.result()).outcome).toBe('completed');
  expect(asked.filter((call) => call.startsWith('follow'))).toEqual(['follow all']);
});

test('what is told late, twice, of another response or in another form changes nothing', async () => {
  const run = await start('explain');
  const responseId = await until('it runs', async () => (await run.progress()).steps[0]?.responseId);
  const handle = harness.research.client.workflow.getHandle(run.workflowId);
  const tell = async (told: object) => {
    await handle.signal(STEP_PROGRESS_SIGNAL, { stepId: 'explain', responseId, ...told });
    return (await run.progress()).steps[0]?.doing;
  };
  expect(await tell({ sequence: 1_000_000, doing: 'the newest' })).toBe('the newest');
  expect(await tell({ sequence: 1_000_000, doing: 'the same again' })).toBe('the newest');
  expect(await tell({ sequence: 7, doing: 'late' })).toBe('the newest');
  expect(await tell({ sequence: 1_000_001, doing: 'of another', responseId: 'resp_other' })).toBe('the newest');
  expect(await tell({ sequence: 1_000_001, doing: 'of another', stepId: 'other' })).toBe('the newest');
  expect(await tell({ sequence: 'soon', doing: 'unreadable' })).toBe('the newest');
  expect((await run.progress()).warnings).toEqual([expect.stringContaining(STEP_PROGRESS_SIGNAL)]);
  await moveClock(harness.emulator, 600);
  await run.result();
  expect(await tell({ sequence: 2_000_000, doing: 'after the end' }).catch((error: Error) => error.name)).toBe(
    'WorkflowNotFoundError',
  );
});
