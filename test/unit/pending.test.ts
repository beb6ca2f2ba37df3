import { type WorkflowExecutionDescription } from '@temporalio/client';
import { pendingActivities, troublesOf } from '../../client';

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
