import { DefaultLogger } from '@temporalio/worker';
import { MockActivityEnvironment } from '@temporalio/testing';
import { type ActivityDeps, type Announcer } from '../../activities';
import { awaitResponse } from '../../activities/await-response';
import { type AwaitResponseInput } from '../../contract/activities';
import { ProviderError } from '../../openai';

const HOUR_MS = 3_600_000;

/** One attempt of the wait; its provider has forgotten the response, so that a look has a name of its own. */
async function attempt(input: Partial<AwaitResponseInput>, announcer: Announcer): Promise<string> {
  const deps = {
    announcer,
    background: { known: 'full' },
    store: { getOutput: () => Promise.resolve(undefined) },
    provider: {
      origin: 'o',
      retrieveResponse: () => Promise.reject(new ProviderError('ResponseLost', 'not found')),
    },
  } as unknown as ActivityDeps;
  const now = Date.now();
  const whole = { origin: 'o', stepId: 'a', responseId: 'resp_1', createdAt: now - 60_000, deadlineAt: now + HOUR_MS };
  const ended: unknown = await new MockActivityEnvironment(
    { attempt: 3 },
    { logger: new DefaultLogger('ERROR', () => undefined) },
  )
    .run(awaitResponse, deps, { ...whole, ...input })
    .catch((error: unknown) => error);
  return (ended as { type: string }).type;
}

const watching: Announcer = { watch: () => 'watcher', watches: () => true, missed: () => undefined };

test('what this worker watches is not looked at again, until there is something to judge', async () => {
  expect(await attempt({}, watching)).toBe('ResponsePending');
  expect(await attempt({}, { ...watching, watches: () => false })).toBe('ResponseLost');
  expect(await attempt({ deadlineAt: Date.now() - 1 }, watching)).toBe('ResponseLost');
  expect(await attempt({ queuedUntil: Date.now() - 1 }, watching)).toBe('ResponseLost');
});
