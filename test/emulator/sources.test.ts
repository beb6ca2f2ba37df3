import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { toFile } from 'openai';
import { run, startRig, type Response, type Rig } from './helpers';
import { makePdf } from './pdf-fixture';

let rig: Rig;
let search: { type: 'file_search'; vector_store_ids: string[] };
beforeAll(async () => {
  rig = await startRig({ seconds: 0.02, speed: 50 });
  const vectorStore = await folderOf({
    ...Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`note-${n}.md`, `# Note ${n}\n\nShift ${n} passed without incident.`]),
    ),
    'handbook.html': '<html><body><h1>Harbour handbook</h1><p>Visitors report to the south gate.</p></body></html>',
    'pump.pdf': makePdf([
      'Pump report',
      'Coolant pump seven failed on 14 March.',
      'Coolant pump seven was replaced within four hours.',
    ]),
  });
  search = { type: 'file_search', vector_store_ids: [vectorStore] };
});
afterAll(() => rig.stop());

async function folderOf(files: Record<string, string | Buffer>): Promise<string> {
  const { client } = rig;
  const ids = await Promise.all(
    Object.entries(files).map(async ([name, content]) => {
      const file = await toFile(Buffer.from(content), name);
      return (await client.files.create({ file, purpose: 'assistants' })).id;
    }),
  );
  const { id } = await client.vectorStores.create({});
  await client.vectorStores.fileBatches.createAndPoll(id, { file_ids: ids });
  return id;
}

function contentOf(response: Response): { text: string; annotations: Record<string, unknown>[] } {
  const message = response.output.find((item) => item.type === 'message');
  const part = message?.type === 'message' ? message.content[0] : undefined;
  if (part?.type !== 'output_text') throw new Error(`Response ${response.id} has no text.`);
  return { text: part.text, annotations: part.annotations.map((note) => ({ ...note })) };
}

describe('file_search', () => {
  test.each([
    ['When did coolant pump seven fail?', 'Coolant pump seven failed on 14 March.', 'pump.pdf'],
    ['Where do visitors report?', 'Visitors report to the south gate.', 'handbook.html'],
    ['What happened in shift 17?', 'Shift 17 passed without incident.', 'note-17.md'],
  ])('%s is answered from the file that holds the fact', async (input, fact, filename) => {
    const response = await run(rig.client, { input, tools: [search], include: ['file_search_call.results'] });
    const { text, annotations } = contentOf(response);
    expect(text).toContain(fact);
    const note = annotations.find((candidate) => candidate['filename'] === filename);
    expect(note).toMatchObject({ type: 'file_citation', file_id: expect.stringMatching(/^file-/) as string });
    expect(text.slice(0, Number(note?.['index']))).toContain(fact);
    const call = response.output.find((item) => item.type === 'file_search_call');
    expect(call).toMatchObject({ status: 'completed', queries: [expect.any(String)] });
    expect(call?.type === 'file_search_call' ? call.results?.map((result) => result.filename) : []).toContain(filename);
  });

  test('it searches the named files and nothing else, and says when they hold nothing', async () => {
    const response = await run(rig.client, { input: 'How does Raft elect a leader?', tools: [search] });
    expect(contentOf(response)).toEqual({
      text: 'Nothing was found about “How does Raft elect a leader” in the 32 files searched.',
      annotations: [],
    });
    const call = response.output.find((item) => item.type === 'file_search_call');
    expect(call).toMatchObject({ results: null });
  });

  test('a filter on attributes narrows it', async () => {
    const { client } = rig;
    const { id } = await client.vectorStores.create({});
    for (const year of [2023, 2024]) {
      const file = await client.files.create({
        file: await toFile(Buffer.from(`In ${year} the ferry carried ${year} cars.`), `${year}.txt`),
        purpose: 'assistants',
      });
      await client.vectorStores.files.createAndPoll(id, { file_id: file.id, attributes: { year } });
    }
    const filters = { type: 'gt' as const, key: 'year', value: 2023 };
    const narrowed = { type: 'file_search' as const, vector_store_ids: [id], filters };
    const response = await run(client, { input: 'How many cars did the ferry carry?', tools: [narrowed] });
    expect(contentOf(response).text).toContain('2024 cars');
    expect(contentOf(response).text).not.toContain('2023');
    const found = await client.vectorStores.search(id, {
      query: 'ferry',
      filters: { type: 'eq', key: 'year', value: 2023 },
    });
    expect(found.data.map((result) => [result.filename, result.attributes])).toEqual([['2023.txt', { year: 2023 }]]);
  });

  test('an unknown vector store is refused', async () => {
    const tools = [{ type: 'file_search' as const, vector_store_ids: ['vs_none'] }];
    await expect(run(rig.client, { input: 'x', tools })).rejects.toMatchObject({ status: 404 });
  });
});

test('web_search answers from the corpus with its calls, sources and cited spans', async () => {
  const response = await run(rig.client, {
    input: 'How does Raft differ from Paxos?',
    tools: [{ type: 'web_search' }],
    include: ['web_search_call.action.sources'],
  });
  const calls = response.output.filter((item) => item.type === 'web_search_call');
  expect(calls).toHaveLength(2);
  expect(calls[0]).toMatchObject({
    status: 'completed',
    action: {
      type: 'search',
      sources: expect.arrayContaining([{ type: 'url', url: 'https://emulator.invalid/corpus/raft' }]) as unknown,
    },
  });
  const { text, annotations } = contentOf(response);
  expect(annotations.length).toBeGreaterThan(3);
  for (const note of annotations) {
    expect(note).toMatchObject({
      type: 'url_citation',
      url: expect.stringMatching(/^https:\/\/emulator\.invalid\/corpus\//) as string,
    });
    expect(text.slice(Number(note['start_index']), Number(note['end_index']))).toMatch(/^[A-Z"].*[.]$/s);
  }
});

test('--corpus replaces the texts', async () => {
  const corpusDir = await mkdtemp(path.join(os.tmpdir(), 'corpus-'));
  await writeFile(
    path.join(corpusDir, 'tea.md'),
    '# Tea\n\nTea is made from the leaves of one shrub. Green tea is not fermented.',
  );
  const own = await startRig({ seconds: 0, corpusDir });
  try {
    const tea = await own.client.responses.create({ model: 'm', input: 'Explain tea.' });
    expect(contentOf(tea)).toMatchObject({
      annotations: [{ url: 'https://emulator.invalid/corpus/tea', title: 'Tea' }],
    });
    expect(tea.output_text).toContain('Green tea is not fermented.');
    const raft = await own.client.responses.create({ model: 'm', input: 'Explain Raft.' });
    expect(raft.output_text).toMatch(/^Nothing was found about .*Raft/);
  } finally {
    await own.stop();
    await rm(corpusDir, { recursive: true, force: true });
  }
});

test.each([
  ['In one sentence: what is a CRDT?', 1],
  ['What is Zab? Answer in three sentences.', 3],
])('%s keeps to the length', async (input, count) => {
  const { text } = contentOf(await run(rig.client, { input }));
  expect(text.split(/(?<=\.)\s+(?=[A-Z])/)).toHaveLength(count);
});
