import { APIConnectionError, APIConnectionTimeoutError } from 'openai';
import { createProvider } from '../../openai';
import { classifyError } from '../../openai/classify';
import { connectionTrouble } from '../../openai/connection';

const failed = (cause: unknown): Error => Object.assign(new TypeError('fetch failed'), { cause });
const coded = (code: string, more: object = {}): Error => Object.assign(new Error(code), { code, ...more });

describe('connectionTrouble', () => {
  it.each([
    ['ECONNREFUSED', coded('ECONNREFUSED', { syscall: 'connect' })],
    ['ECONNREFUSED', Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: 'ECONNREFUSED' })],
    ['ENOTFOUND', coded('ENOTFOUND', { syscall: 'getaddrinfo' })],
    ['EAI_AGAIN', coded('EAI_AGAIN')],
    ['ETIMEDOUT', coded('ETIMEDOUT', { syscall: 'connect' })],
    ['EHOSTUNREACH', coded('EHOSTUNREACH')],
    ['UND_ERR_CONNECT_TIMEOUT', coded('UND_ERR_CONNECT_TIMEOUT')],
    ['CERT_HAS_EXPIRED', coded('CERT_HAS_EXPIRED')],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', coded('DEPTH_ZERO_SELF_SIGNED_CERT')],
    ['SELF_SIGNED_CERT_IN_CHAIN', coded('SELF_SIGNED_CERT_IN_CHAIN')],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
    ['ERR_TLS_CERT_ALTNAME_INVALID', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
  ])('%s: nothing was sent', (code, cause) => {
    const error = new APIConnectionError({ message: 'Connection error.', cause: failed(cause) });
    expect(connectionTrouble(error)).toEqual({ code, unsent: true });
    expect(classifyError(error, 'create').type).toBe('ProviderUnavailable');
  });

  it.each([
    ['ECONNRESET', coded('ECONNRESET')],
    ['EPIPE', coded('EPIPE')],
    ['ETIMEDOUT', coded('ETIMEDOUT', { syscall: 'read' })],
    ['UND_ERR_SOCKET', coded('UND_ERR_SOCKET')],
    ['UND_ERR_HEADERS_TIMEOUT', coded('UND_ERR_HEADERS_TIMEOUT')],
    ['UND_ERR_BODY_TIMEOUT', coded('UND_ERR_BODY_TIMEOUT')],
  ])('%s: it may have been sent', (code, cause) => {
    const error = new APIConnectionError({ message: 'Connection error.', cause: failed(cause) });
    expect(connectionTrouble(error)).toEqual({ code, unsent: false });
    expect(classifyError(error, 'create').type).toBe('CreateAmbiguous');
    expect(classifyError(error, 'read').type).toBe('ProviderUnavailable');
  });

  it('knows that we stopped waiting, and what it does not know', () => {
    expect(connectionTrouble(new APIConnectionTimeoutError()).code).toBe('TIMEOUT');
    expect(connectionTrouble(new DOMException('The operation was aborted', 'TimeoutError')).code).toBe('TIMEOUT');
    for (const error of [new Error('x'), 'x', null, undefined]) {
      expect(connectionTrouble(error)).toEqual({ code: 'UNKNOWN', unsent: false });
    }
  });

  it('ends at causes that go round in circles', () => {
    const error: Error & { cause?: unknown } = new Error('x');
    error.cause = error;
    expect(connectionTrouble(error).code).toBe('UNKNOWN');
  });
});

test('an address that fetch itself refuses is never an ambiguous create', async () => {
  const provider = createProvider({ apiKey: 'k', baseURL: 'http://127.0.0.1:9/v1' });
  const creating = provider.createResponse({ model: 'm', input: [] }, 5_000);
  await expect(creating).rejects.toMatchObject({
    type: 'ProviderUnavailable',
    message: expect.stringMatching(/BAD_URL.*nothing was sent; check OPENAI_BASE_URL/),
  });
});
