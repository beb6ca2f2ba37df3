import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Provider, ProviderError, type ProviderResponse } from '../../openai';
import { type Harness, type HarnessOptions, startHarness, until } from '../setup/harness';

let harness: Harness;
afterEach(() => harness.close());

async function open(options: Omit<HarnessOptions, 'deps'>, change: (provider: Provider) => Partial<Provider>) {
  harness = await startHarness({
    ...options,
    deps: (provider) => ({ provider: { ...provider, ...change(provider) } }),
  });
  return harness.research;
}

const CHAIN = [
  { id: 'a', prompt: 'Explain Raft.' },
  { id: 'b', prompt: 'Go on.' },
];

test('a context that is slow to read never costs a second create', async () => {
  let reads = 0;
  const research = await open(
    { env: { DURABLE_RESEARCH_CREATE_TIMEOUT: '2s', DURABLE_RESEARCH_STORE: 'provider' } },
    (provider) => ({
      // Longer than an activity has beside its POST; and a POST that needs nearly all of its own time.
      async inputItems(responseId) {
        if ((reads += 1) === 1) await delay(5_500);
        return provider.inputItems(responseId);
      },
      async createResponse(body, timeoutMs) {
        const created = await provider.createResponse(body, timeoutMs);
        if (reads > 0) await delay(1_700);
        return created;
      },
    }),
  );
  const run = await research.start({ steps: CHAIN });
  const { outcome, ledger } = await run.result();
  expect({ outcome, ambiguous: ledger.ambiguous }).toEqual({ outcome: 'completed', ambiguous: [] });
  expect(await harness.creates(run.workflowId)).toHaveLength(2);
  expect(reads).toBe(2);
});

test('a provider that cannot be asked is asked by the watcher, not by attempts of the activity', async () => {
  let looks = 0;
  let down = true;
  const research = await open({}, (provider) => ({
    retrieveResponse(responseId) {
      looks += 1;
      return down
        ? Promise.reject(new ProviderError('ProviderUnavailable', 'down'))
        : provider.retrieveResponse(responseId);
    },
  }));
  const run = await research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  await until('the watcher asks', async () => looks > 4);
  const [pending] = (await run.describe())?.raw.pendingActivities ?? [];
  // The second attempt waits for its fallback of 10 s.
  expect(pending).toMatchObject({ attempt: 2, lastFailure: { message: 'down' } });
  const next = Number(pending?.nextAttemptScheduleTime?.seconds ?? 0) * 1_000;
  expect(next).toBeGreaterThan(Date.now() + 5_000);
  down = false;
  expect((await run.result()).outcome).toBe('completed');
  expect(Date.now()).toBeLessThan(next);
});

/** Replaces the output of every response that completes. */
function answering(output: ProviderResponse['output']): (provider: Provider) => Partial<Provider> {
  return (provider) => ({
    async retrieveResponse(responseId) {
      const response = await provider.retrieveResponse(responseId);
      return response.status === 'completed' ? { ...response, output } : response;
    },
  });
}

test('final texts with more citations than a message holds are told by reference', async () => {
  const annotations = Array.from({ length: 100 }, (_, i) => ({
    type: 'url_citation',
    url: `https://host/${i}/${'x'.repeat(300)}`,
    title: 't'.repeat(150),
    end_index: i,
  }));
  const content = [{ type: 'output_text', text: 'word '.repeat(100), annotations }];
  const research = await open({ seconds: 0.05 }, answering([{ type: 'message', role: 'assistant', content }]));
  const steps = Array.from({ length: 50 }, (_, i) => ({ id: `s${i}`, prompt: 'x', after: [] }));
  const { outcome, text, textFrom, citations } = await (await research.start({ steps, maxParallel: 25 })).result();
  expect({ outcome, text, citations }).toEqual({ outcome: 'completed', text: undefined, citations: [] });
  expect(textFrom).toHaveLength(50);
});

const HUGE = 'x'.repeat(3_000_000);

test.each<[string, object, object]>([
  [
    'reason',
    { status: 'failed', output: [], error: { code: 'odd', message: HUGE } },
    { outcome: 'failed', reason: expect.stringMatching(/^ResponseFailed: .{100,500}$/) },
  ],
  [
    'refusal',
    { output: [{ type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: HUGE }] }] },
    { outcome: 'failed', reason: expect.stringMatching(/^ContentRefused: .{100,500}$/) },
  ],
  [
    'address of a source',
    {
      output: [
        {
          type: 'message',
          role: 'assistant',
          content: [
            {
              type: 'output_text',
              text: 'An answer.',
              annotations: [{ type: 'url_citation', url: `data:${HUGE}`, title: 'A source', end_index: 2 }],
            },
          ],
        },
      ],
    },
    { outcome: 'completed' },
  ],
])('a %s of 3 MB ends its step, not the run', async (_name, huge, expected) => {
  const research = await open({ seconds: 0.05 }, (provider) => ({
    async retrieveResponse(responseId) {
      const response = await provider.retrieveResponse(responseId);
      const isHuge = response.status === 'completed' && response['metadata'] !== undefined;
      return isHuge && JSON.stringify(response['metadata']).includes('"huge"') ? { ...response, ...huge } : response;
    },
  }));
  const steps = [
    { id: 'huge', prompt: 'x', retries: 0 },
    { id: 'other', prompt: 'Explain Raft.', after: [] },
  ];
  expect((await (await research.start({ steps })).result()).steps).toMatchObject({
    huge: expected,
    other: { outcome: 'completed' },
  });
});

test('a final text that nobody has any more fails the run, with what each step came to, and somebody is told', async () => {
  const seen = new Set<string>();
  const folder = await mkdtemp(join(tmpdir(), 'durable-research-told-'));
  const told = join(folder, 'told');
  const research = await open(
    { env: { DURABLE_RESEARCH_STORE: 'provider', DURABLE_RESEARCH_NOTIFY_COMMAND: `cat > ${told}` } },
    (provider) => ({
      async retrieveResponse(responseId) {
        if (seen.has(responseId)) throw new ProviderError('ResponseLost', `${responseId} is gone`);
        const response = await provider.retrieveResponse(responseId);
        if (response.status === 'completed') seen.add(responseId);
        return response;
      },
    }),
  );
  const run = await research.start({ steps: [{ id: 'a', prompt: 'Explain Raft.' }] });
  await expect(run.result()).rejects.toMatchObject({
    failure: {
      type: 'ResponseLost',
      message: expect.stringMatching(/the text of the final steps cannot be read: resp_\w+ is gone/),
      result: {
        outcome: 'failed',
        steps: { a: { outcome: 'completed', responseIds: [expect.stringMatching(/^resp_/)] } },
      },
    },
  });
  expect(JSON.parse(await readFile(told, 'utf8'))).toMatchObject({ type: 'run.failed', workflowId: run.workflowId });
  await rm(folder, { recursive: true });
});
