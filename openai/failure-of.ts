import { type FailureType } from '../contract/failures';
import { type Failure } from '../contract/outcome';
import { isQuotaCode, isRefusalCode } from './classify';
import { clean } from './clean';
import { type ProviderResponse } from './port';

/**
 * Why a terminal response has no usable output; undefined for one that completed or has not ended. The list of codes is
 * open: what is not known may pass, so it is `ResponseFailed`, which the step's own `retries` decide. With `redact` what
 * the provider says of it is left out.
 */
export function failureOf(response: ProviderResponse, redact = false): Failure | undefined {
  if (response.status === 'failed') return failed(response, redact);
  if (response.status === 'incomplete') return incomplete(response);
  if (response.status === 'cancelled') {
    return { type: 'ResponseCancelled', message: `response ${response.id} was cancelled at the provider` };
  }
  return undefined;
}

function failed({ id, error }: ProviderResponse, redact: boolean): Failure {
  const code = error?.code ?? 'no code';
  const why = redact ? '' : `: ${clean(error?.message ?? 'the provider gave no reason')}`;
  return { type: failureTypeOf(code), message: `response ${id} failed${why} (${code})` };
}

function failureTypeOf(code: string): FailureType {
  if (isQuotaCode(code)) return 'QuotaExhausted';
  if (isRefusalCode(code)) return 'ContentRefused';
  if (code === 'data_residency_mismatch' || code.includes('image')) return 'InvalidRequest';
  return 'ResponseFailed';
}

function incomplete({ id, incomplete_details: details }: ProviderResponse): Failure {
  const reason = details?.reason ?? 'no reason given';
  if (reason === 'content_filter') {
    return { type: 'ContentRefused', message: `response ${id} was stopped by the provider's content filter` };
  }
  const advice = reason === 'max_output_tokens' ? '; raise "maxOutputTokens" or set "acceptIncomplete"' : '';
  return { type: 'ResponseIncomplete', message: `response ${id} is incomplete: ${reason}${advice}` };
}
