import { randomUUID } from 'node:crypto';
import { required } from '../setup/harness';
import { Clone } from './clone';

let clone: Clone;
beforeAll(async () => {
  clone = await Clone.create('folder');
  clone.export();
  Object.assign(clone.env, {
    TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'),
    TEMPORAL_TASK_QUEUE: `example-${randomUUID()}`,
  });
});
afterAll(async () => {
  await clone.type('npx durable-research stop');
  await clone.remove();
});

test('the answer holds what a file says', async () => {
  const answer = await clone.type(clone.line('npx durable-research run'));
  expect(answer).toContain('A release on a Friday needs the word of the person on call.');
  expect(answer).toContain('releases.md');
}, 120_000);
