import { type PendingWait } from '../../activities';
import { type FollowOptions } from '../../openai/port';
import { createFollower, type Follower } from '../../worker/follower';

let follower: Follower;
let open: AbortSignal[];
let watched: string[];
let errors: unknown[];

/** A stream without events, until it is closed. */
function silence(_id: string, { signal }: FollowOptions): AsyncIterable<never> {
  open.push(signal);
  const closed = new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error('closed')), { once: true }),
  );
  return { [Symbol.asyncIterator]: () => ({ next: () => closed }) };
}

const wait = (responseId: string, deadline = 3_600_000): PendingWait => ({
  workflowId: 'w',
  activityId: `await:${responseId}`,
  input: { origin: 'o', stepId: 'a', responseId, createdAt: Date.now(), deadlineAt: Date.now() + deadline },
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  open = [];
  watched = [];
  errors = [];
  follower = createFollower({
    follow: silence,
    finish: async () => true,
    tell: async () => {},
    watch: ({ input }) => watched.push(input.responseId),
    onError: (_wait, error) => errors.push(error),
  });
});
afterEach(() => follower.stop());

test('a response is followed once', () => {
  expect(follower.follow(wait('resp_1'))).toBe(true);
  expect(follower.follow(wait('resp_1'))).toBe(true);
  expect(open).toHaveLength(1);
});

test('a hundred streams at most, and room again when one has ended', async () => {
  for (let index = 0; index < 100; index += 1) expect(follower.follow(wait(`resp_${index}`))).toBe(true);
  expect(follower.follow(wait('resp_more'))).toBe(false);
  expect(open).toHaveLength(100);
  follower.stop();
  await settled();
  expect(follower.size).toBe(0);
  expect(follower.follow(wait('resp_more'))).toBe(true);
});

test('stopping closes every stream, and leaves its wait to the next worker', async () => {
  follower.follow(wait('resp_1'));
  follower.stop();
  await settled();
  expect(open.map(({ aborted }) => aborted)).toEqual([true]);
  expect([watched, errors, follower.size]).toEqual([[], [], 0]);
});

test("a stream is closed at its step's deadline, where the wait itself looks", async () => {
  follower.follow(wait('resp_1', 0));
  await new Promise((resolve) => open[0]?.addEventListener('abort', resolve, { once: true }));
  await settled();
  expect([watched, follower.size]).toEqual([[], 0]);
});
