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

/** How each strategy lets the second step know of the first: by its items, by a conversation, by a chain. */
type Way = { conversation: boolean; chained: boolean; sentAgain: boolean };

test.each<[strategy: string, example: string, way: Way]>([
  ['stateless', 'explain-compare-stateless.json', { conversation: false, chained: false, sentAgain: true }],
  ['conversation', 'explain-compare-conversation.json', { conversation: true, chained: false, sentAgain: false }],
  [
    'previous_response',
    'explain-compare-previous-response.json',
    { conversation: false, chained: true, sentAgain: false },
  ],
])('%s: "Compare to Raft." is answered in the light of "Explain Paxos."', async (_strategy, example, way) => {
  const { text, creates } = await runExample(example);
  expect(text).toMatch(/Paxos/);
  expect(text).toMatch(/Raft/);
  const [explain, compare] = creates;
  expect(creates).toHaveLength(2);
  const conversation = explain?.conversation ?? null;
  expect(compare).toMatchObject({ conversation, previous_response_id: way.chained ? explain?.id : null });
  expect(conversation?.startsWith('conv_') ?? false).toBe(way.conversation);
  // Only the stateless strategy sends the earlier turn again.
  expect((compare?.input_bytes ?? 0) > 5 * (explain?.input_bytes ?? 0)).toBe(way.sentAgain);
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
