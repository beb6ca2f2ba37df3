import { type PipelineInput, type RunHandle } from '../../client';
import { type ScriptInput } from '../../emulator';
import { createProvider } from '../../openai';
import { createFileStore } from '../../store/files';
import { announceEnds, readText } from '../../worker';
import { type Harness, moveClock, startHarness, until, withFaults } from '../setup/harness';

const HOUR_SECONDS = 3600;
const FAULTS = {
  replaced: 'failed:server_error*1',
  slow: 'drop_after_accept@delete*1',
  kept: 'http_400:odd_code@delete',
};
/** Words that stand in outputs alone, each in a place of its own. */
const WORDS = ['Quokka', 'Zanzibar', 'Xylophone', 'Kumquat', 'Wombat', 'Bassoon', 'Gazebo'];
const FORMAT = {
  type: 'object',
  properties: { animal: { type: 'string' } },
  required: ['animal'],
  additionalProperties: false,
};

/** Ends at once. */
let quick: Harness;
/** Ends when its clock is moved or a webhook tells so, and goes on in a new execution early. */
let slow: Harness;
beforeAll(async () => {
  const deps: Parameters<typeof startHarness>[0] = { deps: (provider) => ({ provider: withFaults(provider, FAULTS) }) };
  [quick, slow] = await Promise.all([
    startHarness({ ...deps, seconds: 0.001, env: { DURABLE_RESEARCH_HISTORY_EVENTS: '20' } }),
    startHarness({ ...deps, seconds: HOUR_SECONDS, env: { OPENAI_WEBHOOK_SECRET: 'whsec_AAAA' } }),
  ]);
});
afterAll(() => Promise.all([quick.close(), slow.close()]));

/** Everything that the server keeps of a run, in all of its executions, with the bytes of payloads as text. */
async function historyOf({ research }: Harness, run: RunHandle): Promise<string> {
  let all = '';
  for (let runId = (await run.describe())?.runId; runId;) {
    const history = await research.client.workflow.getHandle(run.workflowId, runId).fetchHistory();
    const json = JSON.stringify(history);
    all += json.replace(/"data":"([^"]+)"/g, (_all, data: string) => Buffer.from(data, 'base64').toString('utf8'));
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
  }
  return all;
}

async function statuses(harness: Harness, { workflowId }: RunHandle): Promise<number[]> {
  const ids = (await harness.creates(workflowId)).map(({ id }) => id);
  const answers = ids.map((id) =>
    fetch(`${harness.emulator.url}/responses/${id}`, { headers: { authorization: 'Bearer test' } }),
  );
  return (await Promise.all(answers)).map(({ status }) => status);
}

/** The text as the CLI reads it where a result has none. */
function storedText({ emulator, home }: Harness, responseIds: readonly string[]) {
  const env = { OPENAI_API_KEY: 'test', OPENAI_BASE_URL: emulator.url, DURABLE_RESEARCH_HOME: home };
  return readText(
    env,
    responseIds.map((responseId) => ({ stepId: 'final', responseId })),
  );
}

const said = (part: object) => [{ type: 'message', content: [part] }];

describe('redact', () => {
  const INPUT: PipelineInput = {
    steps: [
      { id: 'json', prompt: 'Name an animal.', format: FORMAT },
      { id: 'text', prompt: 'Where does the {{steps.json.json.animal}} live?' },
      { id: 'refusing', prompt: 'Say it.', after: [], retries: 0 },
      { id: 'malformed', prompt: 'Say it as JSON.', after: [], retries: 0, format: FORMAT },
      { id: 'failing', prompt: 'Fail.', after: [], retries: 0 },
      { id: 'refused', prompt: 'Where is {{steps.text.text}}?' },
    ],
  };
  const annotation = {
    type: 'url_citation',
    url: 'https://example.org/Xylophone',
    title: 'Kumquat',
    start_index: 0,
    end_index: 3,
  };
  const answers: Record<string, NonNullable<ScriptInput['steps'][number]['answer']>> = {
    json: { json: { animal: 'Quokka' } },
    text: { output: said({ type: 'output_text', text: 'In Zanzibar.', annotations: [annotation], logprobs: [] }) },
    refusing: { output: said({ type: 'refusal', refusal: 'Wombat? No.' }) },
    malformed: { text: 'Bassoon' },
    failing: { status: 'failed', error: { code: 'invalid_prompt', message: 'It said Gazebo.' } },
  };

  async function ended(redact: boolean) {
    const steps = INPUT.steps.slice(0, -1).map(({ id }) => ({
      // What a redacted output fills into a template arrives as it does without.
      expect: { metadata: { step_id: { equals: id } }, ...(id === 'text' && { input: 'the Quokka live' }) },
      answer: answers[id],
    }));
    const refused = {
      expect: { metadata: { step_id: { equals: 'refused' } }, input: 'Zanzibar' },
      refuse: { status: 400, message: 'In Zanzibar. is not allowed' },
    };
    await quick.emulator.script.set({ anyOrder: true, steps: [...steps, refused] });
    const run = await quick.research.start({ ...INPUT, defaults: { redact } });
    const failure = await run.result().catch((error: unknown) => error);
    expect(failure).toMatchObject({ failure: { type: 'NoOutput' } });
    const seen = (await historyOf(quick, run)) + JSON.stringify(await run.progress());
    const [text] = (await quick.creates(run.workflowId)).filter(({ metadata }) => metadata['step_id'] === 'text');
    return { seen, text: await storedText(quick, [text!.id]) };
  }
  afterEach(() => quick.emulator.script.clear());

  test('nothing of an output enters Temporal, by no way, and the store has it', async () => {
    const { seen, text } = await ended(true);
    expect(WORDS.filter((word) => seen.includes(word))).toEqual([]);
    expect(seen).toContain('the model refused');
    expect(text).toEqual({ text: 'In Zanzibar.', citations: [expect.objectContaining({ title: 'Kumquat' })] });
  });

  test('without it, each of these ways leads there', async () => {
    const { seen } = await ended(false);
    expect(WORDS.filter((word) => seen.includes(word))).toEqual(WORDS);
  });
});

test('a final step that is redacted leaves its text to the store, also where a webhook tells of its end', async () => {
  const run = await slow.research.start({
    steps: [{ id: 'a', prompt: 'Explain Raft.', redact: true, deleteRemoteAfter: 'step' }],
  });
  const responseId = await until('the run waits', async () => {
    const [waiting] = (await run.describe())?.raw.pendingActivities ?? [];
    // In its back-off: its first look has found nothing, and cannot come before the webhook.
    const waits = waiting?.activityId?.startsWith('await:') && waiting.attempt === 2;
    return waits && waiting?.activityId?.slice('await:'.length);
  });
  const provider = createProvider({ apiKey: 'test', baseURL: slow.emulator.url });
  const announce = announceEnds(slow.research.client, { provider, store: createFileStore(slow.home) });
  await moveClock(slow.emulator, HOUR_SECONDS);
  await expect(announce(responseId)).resolves.toMatchObject({ outcome: 'completed' });
  const result = await run.result();
  expect(result).toMatchObject({ outcome: 'completed', textFrom: [responseId], citations: [] });
  expect(result).not.toHaveProperty('text');
  // It is deleted; its webhook comes once more.
  await expect(announce(responseId)).resolves.toEqual({ outcome: 'not ours' });
  const { text } = await storedText(slow, result.textFrom);
  expect(text).toContain('Raft');
  const history = await historyOf(slow, run);
  expect(text.split('\n').filter((line) => line.length > 20 && history.includes(line.slice(0, 20)))).toEqual([]);
});

describe('deleteRemoteAfter', () => {
  test('every response is gone with its step or its run, replaced ones too, and the text is not', async () => {
    const run = await quick.research.start({
      defaults: { deleteRemoteAfter: 'run' },
      steps: [
        { id: 'replaced', prompt: 'Explain Raft.', deleteRemoteAfter: 'step' },
        { id: 'slow', prompt: 'Explain Paxos.', after: [] },
        { id: 'chained', prompt: 'Shorter.', context: { strategy: 'previous_response', from: ['slow'] } },
        { id: 'compare', prompt: 'Compare.', context: { strategy: 'stateless', from: ['replaced', 'chained'] } },
      ],
    });
    const { outcome, textFrom, text } = await run.result();
    expect(outcome).toBe('completed');
    expect(await statuses(quick, run)).toEqual(Array<number>(5).fill(404));
    await expect(storedText(quick, textFrom)).resolves.toMatchObject({ text });
    const { warnings } = await run.progress();
    expect(warnings.filter((warning) => warning.includes('could not be deleted'))).toEqual([]);
    // What was due went along.
    expect(await historyOf(quick, run)).toContain('continuedExecutionRunId":"');
  });

  test('with its step, it is gone before the next step begins', async () => {
    const run = await slow.research.start({
      steps: [
        { id: 'first', prompt: 'Explain Raft.', deleteRemoteAfter: 'step', wait: 'watch' },
        { id: 'second', prompt: 'Go on.', deleteRemoteAfter: 'run' },
      ],
    });
    const created = (count: number) =>
      until(`${count} creates`, async () => (await slow.creates(run.workflowId)).length === count);
    await created(1);
    await moveClock(slow.emulator, HOUR_SECONDS);
    await created(2);
    expect(new Set(await statuses(slow, run))).toEqual(new Set([200, 404]));
    // A run that is cancelled leaves nothing there either.
    await run.cancel();
    await expect(run.result()).rejects.toThrow('cancelled');
    expect(await statuses(slow, run)).toEqual([404, 404]);
  });

  test('a deletion that the provider refuses is a warning that names the response', async () => {
    const run = await quick.research.start({
      steps: [{ id: 'kept', prompt: 'Explain Raft.', deleteRemoteAfter: 'step' }],
    });
    const { outcome, textFrom, text } = await run.result();
    expect([outcome, text]).toEqual(['completed', expect.stringContaining('Raft')]);
    expect((await run.progress()).warnings).toEqual([
      expect.stringMatching(`^kept: ${textFrom[0]} could not be deleted at the provider: .*odd_code`),
    ]);
    expect(await statuses(quick, run)).toEqual([200]);
  });

  test('is refused where the provider alone keeps outputs', async () => {
    const bare = await startHarness({ env: { DURABLE_RESEARCH_STORE: 'provider' } });
    try {
      const steps = [{ id: 'a', prompt: 'Explain Raft.' }];
      const own = await bare.research.start({ steps: steps.map((step) => ({ ...step, deleteRemoteAfter: 'run' })) });
      await expect(own.result()).rejects.toThrow('steps[0].deleteRemoteAfter: needs an output store of our own');
      const byDefault = await bare.research.start({ steps, defaults: { deleteRemoteAfter: 'step' } });
      await expect(byDefault.result()).rejects.toThrow('defaults.deleteRemoteAfter: needs an output store');
      expect(await bare.creates(own.workflowId)).toEqual([]);
    } finally {
      await bare.close();
    }
  });
});
