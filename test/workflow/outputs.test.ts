import { readText } from '../../worker';
import { type Harness, startHarness } from '../setup/harness';

/** Just below what the API takes as one text of an input: 10 MiB. */
const TEXT = 'ten million bytes '.repeat(580_000);

let harness: Harness;
afterEach(() => harness.close());

test('an output of 10 MB goes to the next step and to the reader whole, and nothing of it through Temporal', async () => {
  harness = await startHarness({ seconds: 0.1 });
  await harness.emulator.script.set({
    anyOrder: true,
    steps: [
      { expect: { input: 'Write' }, answer: { text: TEXT } },
      { expect: { input: 'Quote' }, answer: { text: `${TEXT}!` } },
    ],
  });
  const run = await harness.research.start({
    steps: [
      { id: 'long', prompt: 'Write.' },
      { id: 'longer', prompt: 'Quote it.' },
      { id: 'more', prompt: `{{steps.long.text}}${'and '.repeat(12_000)}` },
    ],
  });
  const result = await run.result();
  expect(result).toMatchObject({
    outcome: 'partial',
    citations: [],
    // What the provider does not take is the step's failure, in the provider's words and not those of its input.
    steps: { more: { outcome: 'failed', reason: expect.stringMatching(/^InvalidRequest: .{0,400}10485760/) } },
  });
  expect(result.text).toBeUndefined();
  const creates = await harness.creates(run.workflowId);
  expect(creates).toHaveLength(2);
  expect(creates[1]?.input_bytes).toBeGreaterThan(TEXT.length);
  const env = {
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: harness.emulator.url,
    DURABLE_RESEARCH_HOME: harness.home,
  };
  const { text } = await readText(env, [{ stepId: 'longer', responseId: result.textFrom[0] ?? '' }]);
  expect(text === `${TEXT}!`).toBe(true);
  const described = await run.describe();
  expect(described?.historySize).toBeLessThan(150_000);
}, 60_000);
