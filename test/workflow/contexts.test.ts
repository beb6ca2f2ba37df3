import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipelineInputSchema } from '../../contract/pipeline';
import { type CountedCreate, type Harness, startHarness } from '../setup/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

async function runExample(name: string): Promise<{ text: string; creates: CountedCreate[] }> {
  const raw: unknown = JSON.parse(await readFile(join(__dirname, '../../examples', name), 'utf8'));
  const run = await harness.research.start(pipelineInputSchema.parse(raw));
  const { text = '' } = await run.result();
  return { text, creates: await harness.creates(run.workflowId) };
}

test.each([
  ['stateless', 'explain-compare-stateless.json'],
  ['conversation', 'explain-compare-conversation.json'],
  ['previous_response', 'explain-compare-previous-response.json'],
])('%s: "Compare to Raft." is answered in the light of "Explain Paxos."', async (strategy, example) => {
  const { text, creates } = await runExample(example);
  expect(text).toMatch(/Paxos/);
  expect(text).toMatch(/Raft/);
  const [explain, compare] = creates;
  expect(creates).toHaveLength(2);
  if (strategy === 'conversation') {
    expect(explain?.conversation).toMatch(/^conv_/);
    expect(compare?.conversation).toBe(explain?.conversation);
  }
  expect(compare?.previous_response_id).toBe(strategy === 'previous_response' ? explain?.id : null);
  // Only the stateless strategy sends the earlier turn again.
  if (strategy === 'stateless') expect(compare?.input_bytes).toBeGreaterThan(10 * (explain?.input_bytes ?? 0));
  else expect(compare?.input_bytes).toBeLessThan(2 * (explain?.input_bytes ?? 0));
});

test('without context the same prompt is answered otherwise', async () => {
  const alone = await harness.research.start({ steps: [{ id: 'compare', prompt: 'Compare to Raft.' }] });
  const { text: without } = await alone.result();
  const { text: withContext } = await runExample('explain-compare-stateless.json');
  expect(without).not.toBe(withContext);
  expect(withContext).toMatch(/Paxos/);
});

test("a caller's own conversation is gone on with", async () => {
  const created = await fetch(`${harness.emulator.url}/conversations`, {
    method: 'POST',
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    body: JSON.stringify({ items: [{ type: 'message', role: 'user', content: 'Explain Paxos.' }] }),
  });
  const { id } = (await created.json()) as { id: string };
  const context = { strategy: 'conversation' as const, conversation: id };
  const run = await harness.research.start({ steps: [{ id: 'compare', prompt: 'Compare to Raft.', context }] });
  expect((await run.result()).text).toMatch(/Paxos/);
  expect((await harness.creates(run.workflowId)).map(({ conversation }) => conversation)).toEqual([id]);
});
