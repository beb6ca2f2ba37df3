import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileStore } from '../../store/files';
import { type OutputStore } from '../../store/port';
import { type Harness, startHarness } from '../setup/harness';

let harness: Harness;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'durable-research-test-'));
});
afterEach(async () => {
  await harness.close();
  await rm(root, { recursive: true, force: true });
});

/** A store that cannot write outputs for the first so many times. */
function failing(times: number): OutputStore {
  const store = createFileStore(root);
  let left = times;
  return {
    ...store,
    putOutput: async (output) => {
      left -= 1;
      if (left >= 0) throw new Error('ENOSPC: no space left on device');
      await store.putOutput(output);
    },
  };
}

test('a paid foreground answer that cannot be stored is not created again', async () => {
  harness = await startHarness({
    emulator: { background: 'ignore' },
    deps: () => ({ store: failing(1) }),
  });
  const run = await harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Raft.' }] });
  expect(await run.result()).toMatchObject({ outcome: 'completed', ledger: { ambiguous: [], total: { creates: 1 } } });
  expect(await harness.creates(run.workflowId)).toHaveLength(1);
});
