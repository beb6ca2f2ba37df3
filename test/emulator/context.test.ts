import { run, startRig, type Response, type Rig } from './helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0.02 });
});
afterAll(() => rig.stop());

const FIRST = 'Explain Paxos.';
const SECOND = 'Compare to Raft.';

/** Names of the sources that an answer cites. */
function cited(response: Response): string[] {
  const notes = response.output.flatMap((item) =>
    item.type === 'message'
      ? item.content.flatMap((part) => (part.type === 'output_text' ? part.annotations : []))
      : [],
  );
  return [...new Set(notes.map((note) => (note.type === 'url_citation' ? note.title : note.type)))];
}

async function withContext(strategy: string): Promise<Response> {
  const { client } = rig;
  if (strategy === 'conversation') {
    const { id: conversation } = await client.conversations.create();
    await run(client, { input: FIRST, conversation });
    return run(client, { input: SECOND, conversation });
  }
  const first = await run(client, { input: FIRST });
  if (strategy === 'previous_response') return run(client, { input: SECOND, previous_response_id: first.id });
  return run(client, {
    input: [
      { role: 'user', content: FIRST },
      { role: 'assistant', content: first.output_text },
      { role: 'user', content: SECOND },
    ],
  });
}

test.each(['stateless', 'conversation', 'previous_response'])(
  '%s: a follow-up compares with the earlier subject',
  async (strategy) => {
    const response = await withContext(strategy);
    expect(response.output_text).toMatch(/^Paxos and Raft, compared/);
    expect(response.output_text).toContain('**Paxos.**');
    expect(response.output_text).toContain('**Raft.**');
    expect(cited(response)).toEqual(expect.arrayContaining(['Paxos', 'Raft']));
  },
);

test('without the context the same follow-up has nothing to compare with, and says so', async () => {
  const response = await run(rig.client, { input: SECOND });
  expect(response.output_text).toMatch(/^Nothing to compare Raft with was named/);
  expect(response.output_text).not.toContain('**Paxos.**');
});

test('a summary is made of what came before, with its citations', async () => {
  const first = await run(rig.client, { input: 'How does Raft elect a leader?' });
  const chain = { previous_response_id: first.id };
  const summary = await run(rig.client, { input: 'Summarise your findings in two sentences.', ...chain });
  const sentences = summary.output_text.split(/(?<=\.) /);
  expect(sentences).toHaveLength(2);
  for (const sentence of sentences) expect(first.output_text).toContain(sentence);
  expect(cited(summary)).toEqual(['Raft']);
});

test('a chain counts everything sent, its earlier part as cached', async () => {
  const long = `${'Keep this in mind: the meeting is on Monday. '.repeat(200)}\nExplain Raft.`;
  const first = await run(rig.client, { input: long });
  const second = await run(rig.client, { input: 'And Paxos?', previous_response_id: first.id });
  expect(first.usage?.input_tokens_details).toEqual({ cached_tokens: 0, cache_write_tokens: 0 });
  expect(second.usage?.input_tokens).toBeGreaterThan(
    (first.usage?.input_tokens ?? 0) + (first.usage?.output_tokens ?? 0),
  );
  expect(second.usage?.input_tokens_details.cached_tokens).toBeGreaterThan(1024);
  expect(second.usage?.total_tokens).toBe((second.usage?.input_tokens ?? 0) + (second.usage?.output_tokens ?? 0));
});

test('a document inside the prompt is what the answer quotes', async () => {
  const filler = 'The harbour office keeps a log of all ships that pass the outer light. '.repeat(30);
  const input = `What colour is the new lighthouse?\n\n${filler}\n\nThe new lighthouse is painted bright green.\n\n${filler}`;
  const response = await run(rig.client, { input });
  expect(response.output_text).toContain('The new lighthouse is painted bright green.');
});

test('a context of half a megabyte is answered quickly', async () => {
  const item = {
    role: 'user' as const,
    content: 'Background: the archive holds many letters on trade and weather. '.repeat(160),
  };
  const input = [
    ...Array.from({ length: 50 }, () => item),
    { role: 'user' as const, content: 'How does Raft differ from Paxos?' },
  ];
  const started = Date.now();
  const response = await run(rig.client, { input });
  expect(Date.now() - started).toBeLessThan(3000);
  expect(response.output_text).toMatch(/^Raft and Paxos, compared/);
});

test('what the sources do not hold is not made up', async () => {
  const response = await run(rig.client, { input: 'What is the capital of France?' });
  expect(response.output_text).toMatch(
    /^Nothing was found about “What is the capital of France” in the emulator's own corpus/,
  );
  expect(cited(response)).toEqual([]);
});
