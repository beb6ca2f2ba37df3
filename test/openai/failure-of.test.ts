import { type FailureType } from '../../contract/failures';
import { failureOf } from '../../openai/failure-of';
import { type ProviderResponse } from '../../openai/port';

const response = (fields: Partial<ProviderResponse>): ProviderResponse => ({
  id: 'resp_1',
  status: 'completed',
  model: 'gpt-5.5',
  output: [],
  ...fields,
});

describe('failureOf', () => {
  it.each<[string | null, FailureType]>([
    ['server_error', 'ResponseFailed'],
    ['rate_limit_exceeded', 'ResponseFailed'],
    ['vector_store_timeout', 'ResponseFailed'],
    ['wfr_internal_0193', 'ResponseFailed'],
    [null, 'ResponseFailed'],
    ['insufficient_quota', 'QuotaExhausted'],
    ['invalid_prompt', 'ContentRefused'],
    ['bio_policy', 'ContentRefused'],
    ['cyber_policy', 'ContentRefused'],
    ['image_content_policy_violation', 'ContentRefused'],
    ['data_residency_mismatch', 'InvalidRequest'],
    ['invalid_image', 'InvalidRequest'],
    ['failed_to_download_image', 'InvalidRequest'],
    ['image_too_large', 'InvalidRequest'],
  ])('failed with %s', (code, type) => {
    const failure = failureOf(response({ status: 'failed', error: { code, message: 'the reason' } }));
    expect(failure?.type).toBe(type);
    expect(failure?.message).toMatch(/resp_1.*the reason/);
  });

  it('is a failure without an error object too', () => {
    expect(failureOf(response({ status: 'failed', error: null }))?.type).toBe('ResponseFailed');
  });

  it('tells why a response is incomplete and what to set', () => {
    const failure = failureOf(response({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }));
    expect(failure?.type).toBe('ResponseIncomplete');
    expect(failure?.message).toMatch(/resp_1.*max_output_tokens.*maxOutputTokens/);
    const unknown = failureOf(response({ status: 'incomplete', incomplete_details: null }));
    expect(unknown?.type).toBe('ResponseIncomplete');
  });

  it('takes an output that the filter stopped for refused', () => {
    const failure = failureOf(response({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } }));
    expect(failure?.type).toBe('ContentRefused');
  });

  it('knows the other states', () => {
    expect(failureOf(response({ status: 'cancelled' }))?.type).toBe('ResponseCancelled');
    for (const status of ['completed', 'queued', 'in_progress'])
      expect(failureOf(response({ status }))).toBeUndefined();
  });
});
