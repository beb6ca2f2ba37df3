import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, startEmulator } from '../../emulator';
import {
  createProvider,
  isTerminal,
  type Item,
  type Provider,
  type ProviderResponse,
  toContextItems,
  userMessage,
} from '../../openai';

let directory = '';
let emulator: Emulator;
let provider: Provider;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'replay-'));
  emulator = await startEmulator({ dataDir: directory, seconds: 0.05 });
  provider = createProvider({ apiKey: 'test', baseURL: emulator.url });
});
afterAll(async () => {
  await emulator.close();
  await rm(directory, { recursive: true, force: true });
});

async function answer(input: Item[], fields: Record<string, unknown> = {}): Promise<ProviderResponse> {
  const body = { model: 'gpt-5.5', background: true, store: true, input, ...fields };
  let response = await provider.createResponse(body, 5_000);
  while (!isTerminal(response.status)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    response = await provider.retrieveResponse(response.id);
  }
  return response;
}

/** A server that is strict about ids, pairs and fields takes what a step is sent of an earlier one. */
describe.each([
  ['a plain answer', {}],
  ['a web search', { tools: [{ type: 'web_search' }] }],
  ['a search in files', { tools: [{ type: 'file_search', vector_store_ids: [] }] }],
])('the output of %s by a reasoning model', (_, fields: { tools?: Record<string, unknown>[] }) => {
  it.each(['all', 'messages', 'text'] as const)('is taken as context, select %s', async (select) => {
    const prompt = 'Explain how Raft elects a leader.';
    const tools = await withStore(fields.tools);
    const first = await answer([userMessage(prompt)], { ...fields, ...(tools && { tools }) });
    expect(first.output.map(({ type }) => type)).toContain('reasoning');
    const second = await answer([
      ...toContextItems({ prompt, output: first.output }, select),
      userMessage('Compare to Paxos.'),
    ]);
    expect(second.status).toBe('completed');
    expect(JSON.stringify(second.output)).toMatch(/Paxos/);
  });
});

/** `file_search` needs a vector store; an empty one will do. */
async function withStore(tools: Record<string, unknown>[] | undefined): Promise<Record<string, unknown>[] | undefined> {
  if (tools?.[0]?.['type'] !== 'file_search') return tools;
  const headers = { authorization: 'Bearer test', 'content-type': 'application/json' };
  const created = await fetch(`${emulator.url}/vector_stores`, { method: 'POST', headers, body: '{}' });
  const { id } = (await created.json()) as { id: string };
  return [{ type: 'file_search', vector_store_ids: [id] }];
}
