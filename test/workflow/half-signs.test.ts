import { ProviderError } from '../../openai';
import { type Harness, startHarness } from '../setup/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({
    deps: (provider) => ({
      provider: {
        ...provider,
        createResponse: () => Promise.reject(new ProviderError('InvalidRequest', 'half \ud83d of it')),
      },
    }),
  });
});
afterAll(() => harness.close());

test('a failure that holds half of a sign fails its step, and stops no worker', async () => {
  const run = await harness.research.start({ steps: [{ id: 'a', prompt: 'Explain Paxos.' }] });
  await expect(run.result()).rejects.toThrow('a failed: InvalidRequest: half \ufffd of it');
});
