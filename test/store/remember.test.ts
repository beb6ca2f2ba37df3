import { type OutputStore, type StoredOutput } from '../../store/port';
import { remember } from '../../store/remember';

/** A store that tells what it was asked for. */
function countingStore(): { store: OutputStore; reads: string[]; outputs: Map<string, StoredOutput> } {
  const outputs = new Map<string, StoredOutput>();
  const prompts = new Map<string, string>();
  const reads: string[] = [];
  const store: OutputStore = {
    async putOutput(output) {
      outputs.set(output.responseId, output);
    },
    async getOutput(responseId) {
      reads.push(responseId);
      return outputs.get(responseId);
    },
    async putPrompt(prompt) {
      prompts.set(`ref-${prompt}`, prompt);
      return `ref-${prompt}`;
    },
    async getPrompt(ref) {
      reads.push(ref);
      return prompts.get(ref);
    },
  };
  return { store, reads, outputs };
}

const output = (responseId: string, status = 'completed', text = 'Raft'): StoredOutput => ({
  responseId,
  status,
  model: 'gpt-5.5',
  output: [{ type: 'message', content: [{ type: 'output_text', text }] }],
});

test('what was written here is read without the store, and written to it', async () => {
  const { store, reads, outputs } = countingStore();
  const remembering = remember(store);
  await remembering.putOutput(output('resp_1'));
  const ref = (await remembering.putPrompt('Why?')) ?? '';

  expect(await remembering.getOutput('resp_1')).toEqual(output('resp_1'));
  expect(await remembering.getPrompt(ref)).toBe('Why?');
  expect(reads).toEqual([]);
  expect([...outputs.keys()]).toEqual(['resp_1']);
});

test('what another process has written is read from the store', async () => {
  const { store, reads } = countingStore();
  await store.putOutput(output('resp_1'));
  expect(await remember(store).getOutput('resp_1')).toEqual(output('resp_1'));
  expect(reads).toEqual(['resp_1']);
});

test('an output that may still change is read from the store: another worker may have found it completed', async () => {
  const { store } = countingStore();
  const remembering = remember(store);
  await remembering.putOutput(output('resp_1', 'failed'));
  await remembering.putOutput({ ...output('resp_2'), output: [] });
  await store.putOutput(output('resp_1'));
  await store.putOutput(output('resp_2'));

  expect(await remembering.getOutput('resp_1')).toEqual(output('resp_1'));
  expect(await remembering.getOutput('resp_2')).toEqual(output('resp_2'));
});

test('what could not be written is not kept at hand either', async () => {
  const { store } = countingStore();
  const full = remember({ ...store, putOutput: () => Promise.reject(new Error('ENOSPC')) });
  await expect(full.putOutput(output('resp_1'))).rejects.toThrow('ENOSPC');
  expect(await full.getOutput('resp_1')).toBeUndefined();
});

test('the oldest make room, and what is too large is not kept at hand', async () => {
  const { store, reads } = countingStore();
  const small = remember(store, 200);
  for (const id of ['resp_1', 'resp_2', 'resp_3', 'resp_4']) await small.putOutput(output(id));
  await small.putOutput(output('resp_5', 'completed', 'R'.repeat(500)));

  expect(await small.getOutput('resp_4')).toBeDefined();
  expect(reads).toEqual([]);
  expect(await small.getOutput('resp_1')).toBeDefined();
  expect(await small.getOutput('resp_5')).toBeDefined();
  expect(reads).toEqual(['resp_1', 'resp_5']);
});
