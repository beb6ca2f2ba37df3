import { fallbackMs } from '../../activities/await-response';
import { type PendingWait } from '../../activities';
import { type Collected } from '../../contract/outcome';
import { ProviderError } from '../../openai';
import { createWatcher, delayMs, type Watcher, type WatcherDeps } from '../../worker/watcher';

test.each<[waited: number, delay: number]>([
  [-5_000, 750],
  [0, 750],
  [6_000, 750],
  [20_000, 2_500],
  [300_000, 30_000],
  [7_200_000, 30_000],
])('after %i ms the next look comes in %i ms', (waited, delay) => {
  expect(delayMs({ createdAt: 1_000_000 }, 1_000_000 + waited)).toBe(delay);
});

test.each<[waited: number, left: number, fallback: number]>([
  [-5_000, 3_600_000, 10_000],
  [0, 3_600_000, 10_000],
  [40_000, 3_600_000, 20_000],
  [600_000, 3_600_000, 60_000],
  [600_000, 4_000, 4_000],
  [600_000, 0, 1],
])('after %i ms, %i ms before the deadline, the fallback comes in %i ms', (waited, left, fallback) => {
  const createdAt = 1_000_000;
  const input = { createdAt, deadlineAt: createdAt + waited + left };
  expect(fallbackMs(input, 'watcher', createdAt + waited)).toBe(fallback);
});

const collected: Collected = {
  responseId: 'resp_1',
  status: 'completed',
  model: 'gpt-x',
  hostedCalls: {},
  preview: 'text',
  textBytes: 4,
  citations: [],
};

const wait = (responseId = 'resp_1', deadline = 3_600_000): PendingWait => ({
  workflowId: 'w',
  activityId: `await:${responseId}`,
  input: { origin: 'o', stepId: 'a', responseId, createdAt: Date.now(), deadlineAt: Date.now() + deadline },
});

describe('a watcher', () => {
  let watcher: Watcher;
  let looks: number;
  let answers: (Collected | Error | undefined)[];
  let completed: string[];
  let errors: unknown[];
  let shed: string[];
  let completing: WatcherDeps['complete'];

  beforeEach(() => {
    jest.useFakeTimers();
    looks = 0;
    answers = [];
    completed = [];
    errors = [];
    shed = [];
    completing = ({ activityId }) => Promise.resolve(void completed.push(activityId));
    watcher = createWatcher({
      look: () => {
        looks += 1;
        const answer = answers.shift();
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      complete: (pending, result) => completing(pending, result),
      onError: (_wait, error) => errors.push(error),
      onShed: ({ input }) => shed.push(input.responseId),
      spread: () => 0,
    });
  });
  afterEach(() => {
    watcher.stop();
    jest.useRealTimers();
  });

  test('looks until the response has ended and completes the wait once', async () => {
    answers = [undefined, undefined, collected, collected];
    watcher.watch(wait());
    expect(watcher.size).toBe(1);
    await jest.advanceTimersByTimeAsync(749);
    expect(looks).toBe(0);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(looks).toBe(3);
    expect(completed).toEqual(['await:resp_1']);
    expect(watcher.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('watches a response once, however often it is told to', async () => {
    for (let i = 0; i < 5; i += 1) watcher.watch(wait());
    watcher.watch(wait('resp_2'));
    expect([watcher.size, jest.getTimerCount()]).toEqual([2, 2]);
    await jest.advanceTimersByTimeAsync(750);
    expect(looks).toBe(2);
  });

  test('goes on after a failure that may pass, after the wait the provider asks for', async () => {
    answers = [new ProviderError('RateLimited', 'slow down', 20_000), collected];
    watcher.watch(wait());
    await jest.advanceTimersByTimeAsync(750 + 19_999);
    expect(looks).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(completed).toEqual(['await:resp_1']);
    expect(errors).toHaveLength(1);
  });

  test('does not ask before the provider wants to be asked', async () => {
    answers = [collected];
    watcher.watch(wait(), 20_000);
    await jest.advanceTimersByTimeAsync(19_000);
    expect(looks).toBe(0);
    await jest.advanceTimersByTimeAsync(2_000);
    expect([looks, completed.length]).toEqual([1, 1]);
  });

  test.each<[string, Error]>([
    ['ResponseLost', new ProviderError('ResponseLost', 'gone')],
    ['of the disk', new Error('disk full')],
  ])('leaves a failure that does not pass to the wait itself: %s', async (_name, error) => {
    answers = [error, collected];
    watcher.watch(wait());
    await jest.advanceTimersByTimeAsync(600_000);
    expect([looks, completed, watcher.size]).toEqual([1, [], 0]);
    expect(errors).toEqual([error]);
  });

  test('forgets a wait whose completion failed, so that the wait can hand it over again', async () => {
    answers = [collected, collected];
    completing = () => Promise.reject(new Error('no connection'));
    watcher.watch(wait());
    await jest.advanceTimersByTimeAsync(750);
    expect([errors.length, watcher.size]).toEqual([1, 0]);
    completing = ({ activityId }) => Promise.resolve(void completed.push(activityId));
    watcher.watch(wait());
    await jest.advanceTimersByTimeAsync(750);
    expect(completed).toEqual(['await:resp_1']);
  });

  test('ends at the deadline, where the wait itself looks: a response that never ends is not watched for ever', async () => {
    watcher.watch(wait('resp_1', 60_000));
    await jest.advanceTimersByTimeAsync(100_000);
    expect(watcher.size).toBe(0);
    const before = looks;
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(looks).toBe(before);
  });

  test('leaves no timer behind when it is stopped, not even that of a look on its way', async () => {
    const asked: ((ended: Collected | undefined) => void)[] = [];
    const slow = createWatcher({
      look: () => new Promise((resolve) => asked.push(resolve)),
      complete: ({ activityId }) => Promise.resolve(void completed.push(activityId)),
      onError: (_wait, error) => errors.push(error),
      spread: () => 0,
    });
    slow.watch(wait());
    slow.watch(wait('resp_2'));
    await jest.advanceTimersByTimeAsync(750);
    slow.stop();
    for (const answer of asked) answer(undefined);
    expect(asked).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(60_000);
    expect([jest.getTimerCount(), slow.size, completed.length, errors.length]).toEqual([0, 0, 0, 0]);
  });

  test('a rate limit holds back every look, not only the one that met it', async () => {
    answers = [new ProviderError('RateLimited', 'slow down', 10_000), collected, collected];
    watcher.watch(wait('resp_1'));
    await jest.advanceTimersByTimeAsync(750);
    watcher.watch(wait('resp_2'));
    await jest.advanceTimersByTimeAsync(9_999);
    expect(looks).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(completed).toHaveLength(2);
  });

  test('looks at 16 responses at once, and leaves to their fallback what a thousand that wait cannot hold', async () => {
    const asked: ((ended: Collected | undefined) => void)[] = [];
    const busy = createWatcher({
      look: () => new Promise((resolve) => asked.push(resolve)),
      complete: ({ activityId }) => Promise.resolve(void completed.push(activityId)),
      onError: (_wait, error) => errors.push(error),
      onShed: ({ input }) => shed.push(input.responseId),
      spread: () => 0,
    });
    for (let i = 0; i < 1_020; i += 1) busy.watch(wait(`resp_${i}`));
    await jest.advanceTimersByTimeAsync(750);
    expect([asked.length, busy.size]).toEqual([16, 1_016]);
    expect(shed).toEqual(['resp_1016', 'resp_1017', 'resp_1018', 'resp_1019']);
    for (const answer of asked.splice(0)) answer(collected);
    await jest.advanceTimersByTimeAsync(0);
    expect([asked.length, completed.length]).toEqual([16, 16]);
    busy.stop();
    for (const answer of asked.splice(0)) answer(collected);
    await jest.advanceTimersByTimeAsync(60_000);
    expect([asked.length, completed.length, jest.getTimerCount()]).toEqual([0, 16, 0]);
  });

  test('first looks are spread, and keep their distance from then on', async () => {
    const at: number[] = [];
    const late = createWatcher({
      look: () => Promise.resolve(void at.push(Date.now())),
      complete: () => Promise.resolve(),
      onError: (_wait, error) => errors.push(error),
      spread: () => 1,
    });
    const began = Date.now();
    late.watch(wait());
    await jest.advanceTimersByTimeAsync(1_500 + 750);
    expect(at.map((time) => time - began)).toEqual([1_500, 2_250]);
    late.stop();
  });

  test('asks less often than every two seconds for a response of a minute, and loses an eighth at most', async () => {
    const began = Date.now();
    const at: number[] = [];
    const watching = createWatcher({
      look: () => Promise.resolve(void at.push(Date.now() - began)),
      complete: () => Promise.resolve(),
      onError: (_wait, error) => errors.push(error),
      spread: () => 0.5,
    });
    watching.watch(wait());
    await jest.advanceTimersByTimeAsync(60_000);
    // Beside them there are the create and the wait's own look.
    expect(at.length + 2).toBeLessThan(1 + 60 / 2);
    const late = at.slice(1).filter((time, i) => time - (at[i] ?? 0) > Math.max(750, (at[i] ?? 0) / 8));
    expect(late).toEqual([]);
    watching.stop();
  });
});
