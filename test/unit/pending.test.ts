import { type WorkflowExecutionDescription } from '@temporalio/client';
import { heldBackOf, heldBackText, pendingActivities, troublesOf } from '../../client';

const troubles = (description: { raw: Raw }): string[] => troublesOf(pendingActivities(description));

type Raw = WorkflowExecutionDescription['raw'];

function described(failures: { type: string; message: string }[]): { raw: Raw } {
  const tried = failures.map(({ type, message }) => ({
    lastFailure: { message, applicationFailureInfo: { type } },
  }));
  return { raw: { pendingActivities: [...tried, { attempt: 1 }] } };
}

test('what is tried again is told once, with its reason', () => {
  const refused = {
    type: 'ProviderUnavailable',
    message: 'the connection failed (ECONNREFUSED); check OPENAI_BASE_URL',
  };
  expect(troubles(described([refused, refused]))).toEqual([refused.message]);
});

test('the wait for a response is no trouble', () => {
  expect(troubles(described([{ type: 'ResponsePending', message: 'waiting, not an error' }]))).toEqual([]);
  expect(troubles({ raw: {} })).toEqual([]);
});

const limited = (activityId: string, nextAttemptScheduleTime?: { seconds: number; nanos: number }) => ({
  activityId,
  lastFailure: { message: '429', applicationFailureInfo: { type: 'RateLimited' } },
  nextAttemptScheduleTime,
});

test('a rate limit is a reason that names its step and its next try, and no trouble', () => {
  const raw = {
    pendingActivities: [
      limited('create:explain/1/2', { seconds: 112, nanos: 500_000_000 }),
      limited('await:resp_1'),
      limited('7'),
      { activityId: 'await:resp_2', lastFailure: { applicationFailureInfo: { type: 'ResponsePending' } } },
    ],
  } as unknown as Raw;
  const pending = pendingActivities({ raw });
  const held = heldBackOf(pending, [{ id: 'compare', responseId: 'resp_1' }]);
  expect(held.map((one) => heldBackText(one, 100_000))).toEqual([
    "explain: held back by the provider's rate limit, next try in 13 s",
    "compare: held back by the provider's rate limit, tried again now",
    "held back by the provider's rate limit, tried again now",
  ]);
  expect(troublesOf(pending)).toEqual([]);
});
