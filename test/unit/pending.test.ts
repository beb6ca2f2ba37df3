import { type WorkflowExecutionDescription } from '@temporalio/client';
import { pendingActivities, troublesOf } from '../../client';

const pendingTroubles = (described: { raw: Raw }): string[] => troublesOf(pendingActivities(described));

type Raw = WorkflowExecutionDescription['raw'];

function described(failures: { type: string; message: string }[]): { raw: Raw } {
  const pendingActivities = failures.map(({ type, message }) => ({
    lastFailure: { message, applicationFailureInfo: { type } },
  }));
  return { raw: { pendingActivities: [...pendingActivities, { attempt: 1 }] } };
}

test('what is tried again is told once, with its reason', () => {
  const refused = {
    type: 'ProviderUnavailable',
    message: 'the connection failed (ECONNREFUSED); check OPENAI_BASE_URL',
  };
  expect(pendingTroubles(described([refused, refused]))).toEqual([refused.message]);
});

test('the wait for a response is no trouble', () => {
  expect(pendingTroubles(described([{ type: 'ResponsePending', message: 'waiting, not an error' }]))).toEqual([]);
  expect(pendingTroubles({ raw: {} })).toEqual([]);
});
