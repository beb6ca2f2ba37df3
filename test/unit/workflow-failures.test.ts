import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { failureOf, isForgotten, lastWords, lostCreate } from '../../workflows/failures';

const activity = (cause: Error): ActivityFailure =>
  new ActivityFailure(
    'activity failed',
    'durableResearch.createResponse',
    'create:a/1/1',
    RetryState.NON_RETRYABLE_FAILURE,
    'w',
    cause,
  );
const application = (type: string): ActivityFailure =>
  activity(ApplicationFailure.create({ type, message: `${type}, in words`, nonRetryable: true }));
const timeout = (details?: unknown): ActivityFailure =>
  activity(new TimeoutFailure('start to close', details, TimeoutType.START_TO_CLOSE));
const cancelled = activity(new CancelledFailure('cancelled'));

describe('failureOf', () => {
  test('the engine’s own failure keeps its name and its words', () => {
    expect(failureOf(application('Unauthorized'))).toEqual({ type: 'Unauthorized', message: 'Unauthorized, in words' });
  });

  test('an activity that ran out of time could not reach the provider', () => {
    expect(failureOf(timeout())).toEqual({
      type: 'ProviderUnavailable',
      message: 'durableResearch.createResponse timed out: start to close',
    });
  });

  test.each<[string, unknown]>([
    ['a cancel', cancelled],
    ['a cancel of the workflow', new CancelledFailure('cancelled')],
    ['a failure of somebody else', application('TypeError')],
    ['a failure without an activity', ApplicationFailure.create({ type: 'Unauthorized', message: 'x' })],
    ['a bug', new TypeError('x is undefined')],
    ['nothing', undefined],
  ])('%s is no outcome of a step', (_name, error) => {
    expect(failureOf(error)).toBeUndefined();
  });
});

const closed = (details: unknown[]): ActivityFailure =>
  activity(ApplicationFailure.create({ type: 'DeadlineExceeded', message: 'closed', details }));

describe('lostCreate', () => {
  test.each([
    [
      'its details',
      activity(
        ApplicationFailure.create({ type: 'CreateAmbiguous', details: [{ sending: true, newestItem: 'msg_1' }] }),
      ),
    ],
    ['its heartbeat', timeout({ sending: true, newestItem: 'msg_1' })],
  ])('the newest item of the conversation before it comes with %s', (_name, error) => {
    expect(lostCreate(error)).toMatchObject({ sent: true, newestItem: 'msg_1' });
  });

  test('what the activity called ambiguous may have been sent', () => {
    expect(lostCreate(application('CreateAmbiguous'))).toEqual({ sent: true, reason: 'CreateAmbiguous, in words' });
  });

  test.each<[details: unknown, sent: boolean]>([
    [{ sending: true }, true],
    [{ sending: false }, false],
    [undefined, false],
    [null, false],
    ['sending', false],
    [{ sending: 'yes' }, false],
  ])('a worker that died with the mark %j: sent %j', (details, sent) => {
    expect(lostCreate(timeout(details))).toEqual({ sent, reason: expect.stringMatching(/^the worker did not report/) });
  });

  test('a stream that was closed at its deadline was sent, and the step ends with that', () => {
    expect(lostCreate(closed([{ sending: true, closed: true }]))).toEqual({
      sent: true,
      reason: 'closed',
      final: { type: 'DeadlineExceeded', message: 'closed' },
    });
    // Refused, and no time left for another attempt.
    expect(lostCreate(closed([{ sending: true }]))).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['a refusal', application('InvalidRequest')],
    ['a refusal of background mode', application('BackgroundUnsupported')],
    ['a rate limit', application('RateLimited')],
    ['a cancel', cancelled],
    ['a bug', new Error('x')],
  ])('%s is no lost create', (_name, error) => {
    expect(lostCreate(error)).toBeUndefined();
  });
});

test.each<[type: string, details: unknown[], forgotten: boolean]>([
  ['ResponseLost', [{ fresh: true }], true],
  ['ResponseLost', [{ fresh: false }], false],
  ['ResponseLost', [], false],
  ['ResponseFailed', [{ fresh: true }], false],
])('%s with %j: forgotten %j', (type, details, forgotten) => {
  expect(isForgotten(activity(ApplicationFailure.create({ type, details })))).toBe(forgotten);
});

test.each<[unknown, string]>([
  [application('Unauthorized'), 'Unauthorized, in words'],
  [new Error('plain'), 'plain'],
  ['text', 'text'],
])('lastWords', (error, words) => {
  expect(lastWords(error)).toBe(words);
});
