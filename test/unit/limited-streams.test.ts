import { limited } from '../../activities/stream-response';

const HOUR_MS = 3_600_000;

test('a step that finds no place for its stream is tried again until its deadline', async () => {
  const ends: (() => void)[] = [];
  const stream = limited<{ stepId: string; deadlineAt: number }, void>(
    () => new Promise((resolve) => void ends.push(resolve)),
  );
  const step = { stepId: 'explain', deadlineAt: Date.now() + HOUR_MS };
  const open = Array.from({ length: 40 }, () => stream(step));
  await expect(stream(step)).rejects.toMatchObject({ type: 'RateLimited', nonRetryable: false });
  await expect(stream({ ...step, deadlineAt: Date.now() + 1_000 })).rejects.toMatchObject({
    type: 'DeadlineExceeded',
    nonRetryable: true,
  });
  for (const end of ends) end();
  await Promise.all(open);
});
