import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import OpenAI from 'openai';
import { type PipelineInput, type PipelineResult, RunCancelledError } from '../../client';
import { createProvider, uploadFolder } from '../../openai';
import { until } from '../setup/harness';
import { type LiveHarness, startLiveHarness } from './harness';
import { FACT, filesPipeline, PIPELINES } from './pipelines';

let live: LiveHarness;
beforeAll(async () => {
  live = await startLiveHarness();
});
afterAll(() => live.close());

async function run(input: PipelineInput): Promise<PipelineResult> {
  return (await live.research.start(input)).result();
}

test.each([
  ['stateless', PIPELINES.stateless],
  ['conversation', PIPELINES.conversation],
  ['previous_response', PIPELINES.previousResponse],
])('%s: "Compare to Raft." is answered in the light of "Explain Paxos."', async (_, input) => {
  const { outcome, text, ledger, steps } = await run(input);
  expect(outcome).toBe('completed');
  expect(text).toMatch(/Paxos/);
  expect(text).toMatch(/Raft/);
  expect(ledger).toMatchObject({ ambiguous: [], possiblyRunning: [], unpriced: [], total: { creates: 2 } });
  expect(ledger.total.usage.output).toBe((steps['explain']?.usage.output ?? 0) + (steps['compare']?.usage.output ?? 0));
  expect(ledger.total.usd).toBeGreaterThan(0);
});

test('structured output is parsed and stands in the next prompt', async () => {
  const { outcome, text } = await run(PIPELINES.structured);
  expect(outcome).toBe('completed');
  expect(text).toMatch(/leader|follower/i);
});

test('a search is cited and billed, and its items can be sent again without state', async () => {
  const started = await live.research.start(PIPELINES.search);
  const { outcome, text, ledger, steps } = await started.result();
  expect(outcome).toBe('completed');
  expect(text).toMatch(/Raft|leader/);
  expect(text).toMatch(/Paxos/);
  expect(ledger.steps['search']?.hostedCalls['web_search']).toBeGreaterThan(0);
  expect(ledger.steps['search']?.toolFeesUsd).toBeGreaterThan(0);
  const searched = await live.provider.retrieveResponse(steps['search']?.responseIds[0] ?? '');
  expect(JSON.stringify(searched.output)).toContain('url_citation');
});

test('a folder is uploaded, searched and cited by the name of its file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'live-files-'));
  const { apiKey, baseURL } = live.config.provider;
  const client = new OpenAI({ apiKey, baseURL });
  try {
    await mkdir(dirname(join(directory, FACT.name)), { recursive: true });
    await writeFile(join(directory, FACT.name), FACT.text);
    await writeFile(join(directory, 'other.txt'), 'Bridges are painted every seven years.');
    const upload = { directory, home: live.config.home, provider: live.config.provider, expiresAfterDays: 1 };
    const { vectorStoreId, files, failed } = await uploadFolder(upload);
    expect(failed).toEqual([]);
    try {
      const { text, citations } = await run(filesPipeline(vectorStoreId));
      expect(text).toContain('Quendrup');
      expect(citations.map(({ title }) => title)).toContainEqual(expect.stringMatching(/ledger\.md$/));
    } finally {
      await client.vectorStores.delete(vectorStoreId);
      for (const { fileId } of files) await client.files.delete(fileId);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('a cancel reaches the provider', async () => {
  const started = await live.research.start(PIPELINES.cancelled);
  const responseId = await until(
    'the response is created',
    async () => (await started.progress()).steps[0]?.responseId,
  );
  await started.cancel();
  await expect(started.result()).rejects.toBeInstanceOf(RunCancelledError);
  const ended = await until('the response has ended', async () => {
    const { status } = await live.provider.retrieveResponse(responseId);
    return status !== 'queued' && status !== 'in_progress' && status;
  });
  expect(ended).toBe('cancelled');
});

test('a model that does not exist is refused with a reason, for nothing', async () => {
  const started = await live.research.start(PIPELINES.refused);
  await expect(started.result()).rejects.toMatchObject({
    failure: { message: expect.stringMatching(/InvalidRequest.*gpt-no-such-model/s) as string },
  });
});

test('a wrong key is refused without being shown', async () => {
  const apiKey = 'sk-wrong-000000000000000000000000';
  const provider = createProvider({ ...live.config.provider, apiKey });
  const refused = await provider.retrieveResponse('resp_0').catch((error: unknown) => error);
  expect(refused).toMatchObject({ type: 'Unauthorized', message: expect.stringContaining('OPENAI_API_KEY') as string });
  expect(String(refused)).not.toContain(apiKey);
});
