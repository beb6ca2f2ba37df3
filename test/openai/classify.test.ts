import { APIConnectionTimeoutError, APIError } from 'openai';
import { type FailureType } from '../../contract/failures';
import { classifyError, type Operation } from '../../openai/classify';
import { ProviderError } from '../../openai/port';

type Row = { status: number; code?: string; type?: string; param?: string; message?: string; want: FailureType };

const KEY = 'sk-live-abcdefghijklmnopqrstuvwxyz';
const envelope = ({ code, type, param, message }: Partial<Row>): object => ({
  error: {
    message: message ?? 'the reason',
    type: type ?? 'invalid_request_error',
    code: code ?? null,
    param: param ?? null,
  },
});
const apiError = (row: Partial<Row>, headers: Record<string, string> = {}): APIError =>
  APIError.generate(row.status, envelope(row), undefined, new Headers({ 'x-request-id': 'req_1', ...headers }));

const SAME: Row[] = [
  { status: 401, code: 'invalid_api_key', want: 'Unauthorized' },
  { status: 403, code: 'unsupported_country_region_territory', want: 'Unauthorized' },
  { status: 402, want: 'QuotaExhausted' },
  { status: 429, code: 'insufficient_quota', want: 'QuotaExhausted' },
  { status: 429, type: 'insufficient_quota', want: 'QuotaExhausted' },
  { status: 429, code: 'rate_limit_exceeded', want: 'RateLimited' },
  { status: 429, want: 'RateLimited' },
  { status: 400, code: 'conversation_locked', param: 'conversation', want: 'ConversationBusy' },
  { status: 400, code: 'model_not_found', param: 'model', want: 'InvalidRequest' },
  { status: 400, code: 'decimal_below_min_value', param: 'temperature', want: 'InvalidRequest' },
  {
    status: 400,
    param: 'input',
    message: "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
    want: 'InvalidRequest',
  },
  { status: 400, param: 'input', message: 'No tool output found for function call call_1', want: 'InvalidRequest' },
  { status: 400, param: 'input', message: 'Duplicate item found with id msg_1', want: 'InvalidRequest' },
  { status: 400, code: 'previous_response_not_found', param: 'previous_response_id', want: 'InvalidRequest' },
  {
    status: 400,
    param: 'include',
    message: 'Encrypted content cannot be requested for persisted responses.',
    want: 'InvalidRequest',
  },
  { status: 400, code: 'unsupported_parameter', param: 'background', want: 'InvalidRequest' },
  { status: 400, code: 'content_policy_violation', want: 'ContentRefused' },
  { status: 400, code: 'invalid_prompt', want: 'ContentRefused' },
  { status: 400, code: 'cyber_policy_violation', want: 'ContentRefused' },
  { status: 405, want: 'InvalidRequest' },
  { status: 413, want: 'InvalidRequest' },
  { status: 422, want: 'InvalidRequest' },
  { status: 408, want: 'ProviderUnavailable' },
  { status: 409, want: 'ProviderUnavailable' },
  { status: 425, want: 'ProviderUnavailable' },
];
const EVERY: Operation[] = ['create', 'read', 'cancel'];
const TABLE: [Operation, Row][] = [
  ...SAME.flatMap((row) => EVERY.map((operation): [Operation, Row] => [operation, row])),
  ...[500, 502, 503, 504, 520].flatMap((status): [Operation, Row][] => [
    ['create', { status, code: 'server_error', want: 'CreateAmbiguous' }],
    ['read', { status, want: 'ProviderUnavailable' }],
    ['cancel', { status, want: 'ProviderUnavailable' }],
  ]),
  ['create', { status: 404, message: 'Conversation with id conv_1 not found.', want: 'InvalidRequest' }],
  ['read', { status: 404, message: "Response with id 'resp_1' not found.", want: 'ResponseLost' }],
  ['cancel', { status: 404, want: 'ResponseLost' }],
];

describe('classifyError', () => {
  it.each(TABLE)('%s, %j', (operation, row) => {
    const error = classifyError(apiError(row), operation, { responseId: 'resp_1', origin: 'https://api.example/v1' });
    expect(error).toBeInstanceOf(ProviderError);
    expect(error.type).toBe(row.want);
    expect(error.message).toContain(String(row.status));
    expect(error.message).toContain('req_1');
    expect(error.message).toContain('https://api.example/v1');
    expect(error.message).toContain('resp_1');
  });

  it('names code and param of what the provider refuses, and its reason', () => {
    const error = classifyError(
      apiError({
        status: 400,
        code: 'model_not_found',
        param: 'model',
        message: "The requested model 'x' does not exist.",
      }),
      'create',
    );
    expect(error.message).toMatch(/The requested model 'x' does not exist\..*model_not_found.*param model/);
  });

  it('says which variable to set for a refused key and never shows the key', () => {
    for (const status of [401, 403]) {
      const error = classifyError(apiError({ status, message: `Incorrect API key provided: ${KEY}.` }), 'create');
      expect(error.message).toContain('OPENAI_API_KEY');
      expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain('abcdefghij');
    }
  });

  it('shows no key of another shape that a server echoes with its 401', () => {
    const error = classifyError(apiError({ status: 401, message: 'unknown key my-own-secret-key' }), 'read');
    expect(error.message).not.toContain('my-own-secret-key');
  });

  it('tells for a lost response its id, how long it is kept and what to set', () => {
    const { message } = classifyError(apiError({ status: 404 }), 'read', { responseId: 'resp_gone' });
    expect(message).toMatch(/resp_gone.*30 days.*10 minutes.*DURABLE_RESEARCH_HOME/);
  });

  it('does not give a response up for a 404 that is no answer of the API', () => {
    const proxy = APIError.generate(404, undefined, '<html>default backend</html>', new Headers());
    expect(classifyError(proxy, 'read').type).toBe('ProviderUnavailable');
    expect(classifyError(proxy, 'create').type).toBe('InvalidRequest');
  });

  it('takes a conversation that does not exist for a wrong input', () => {
    const error = classifyError(apiError({ status: 404 }), 'read', { conversationId: 'conv_1' });
    expect(error.type).toBe('InvalidRequest');
    expect(error.message).toContain('conv_1');
  });

  it('cuts a long page that a proxy sends instead of an error', () => {
    const page = APIError.generate(502, undefined, `<html>${'x'.repeat(50_000)}`, new Headers());
    expect(classifyError(page, 'read').message.length).toBeLessThan(700);
  });

  it('books a timeout, a body that is no JSON and an unknown error of a create as ambiguous, and reads again', () => {
    for (const error of [
      new APIConnectionTimeoutError(),
      new SyntaxError('Unexpected token <'),
      new Error('?'),
      'thrown',
    ]) {
      expect(classifyError(error, 'create').type).toBe('CreateAmbiguous');
      expect(classifyError(error, 'read').type).toBe('ProviderUnavailable');
      expect(classifyError(error, 'cancel').type).toBe('ProviderUnavailable');
    }
  });

  it('lets a classified error through as it is', () => {
    const error = new ProviderError('QuotaExhausted', 'x');
    expect(classifyError(error, 'create')).toBe(error);
  });
});

const waited = (headers: Record<string, string>): number | undefined =>
  classifyError(apiError({ status: 429 }, headers), 'create').retryAfterMs;

describe('the wait after a refusal', () => {
  it.each([
    [{ 'retry-after-ms': '1500' }, 1_500],
    [{ 'retry-after-ms': '1500', 'retry-after': '40' }, 1_500],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '0' }, 100],
    [{ 'retry-after': '86400' }, 60_000],
    [{ 'retry-after-ms': '99999999' }, 60_000],
    [{ 'retry-after': 'soon' }, 5_000],
    [{}, 5_000],
    [{ 'x-ratelimit-reset-requests': '1.5s' }, 1_500],
    [{ 'x-ratelimit-reset-requests': '120ms', 'x-ratelimit-reset-tokens': '2s' }, 2_000],
    [
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '3s',
        'x-ratelimit-remaining-tokens': '10',
        'x-ratelimit-reset-tokens': '50s',
      },
      3_000,
    ],
    [{ 'x-ratelimit-reset-tokens': '6m0s' }, 60_000],
  ])('%j', (headers, want) => {
    expect(waited(headers as Record<string, string>)).toBe(want);
  });

  it('reads a date', () => {
    const wait = waited({ 'retry-after': new Date(Date.now() + 20_000).toUTCString() });
    expect(wait).toBeGreaterThan(17_000);
    expect(wait).toBeLessThanOrEqual(20_000);
  });

  it('obeys the header of a 503 to a read, and asks nothing without one', () => {
    expect(classifyError(apiError({ status: 503 }, { 'retry-after': '3' }), 'read').retryAfterMs).toBe(3_000);
    expect(classifyError(apiError({ status: 503 }), 'read').retryAfterMs).toBeUndefined();
  });

  it.each([429, 503])('%s that asks for hours is asked again after a minute, and says so', (status) => {
    for (const operation of ['create', 'read'] as const) {
      const error = classifyError(apiError({ status }, { 'retry-after': '7200' }), operation);
      expect(error.retryAfterMs).toBe(60_000);
      expect(error.message).toContain('it asks for 7200 s and is asked again after 60 s');
    }
  });
});

describe('a create that is refused for how it is to run', () => {
  const refusal = (row: Partial<Row>, background = true) => {
    const { type, refusedMode } = classifyError(apiError({ status: 400, ...row }), 'create', { background });
    return { type, refusedMode };
  };

  it.each<[Partial<Row>]>([
    [{ code: 'unsupported_parameter', param: 'background' }],
    [{ message: 'background mode is not supported' }],
    [{ status: 422, message: 'Unsupported parameter: background' }],
    [{ status: 501, message: '`store=True` (default) is not supported.' }],
    [{ param: 'stream', message: 'cannot be combined' }],
  ])('%j', (row) => {
    expect(refusal(row)).toEqual({ type: 'BackgroundUnsupported', refusedMode: true });
    expect(refusal(row, false)).toEqual({ type: 'InvalidRequest', refusedMode: true });
  });

  it('may be one that says nothing which the SDK shows', () => {
    const silent = APIError.generate(400, { detail: 'Unsupported parameter: background' }, undefined, new Headers());
    expect(classifyError(silent, 'create', { background: true }).type).toBe('BackgroundUnsupported');
    expect(classifyError(silent, 'read').type).toBe('InvalidRequest');
  });

  it.each<[Partial<Row>, FailureType]>([
    [{ param: 'tools', message: "Vector store 'vs_1' not found; background" }, 'InvalidRequest'],
    [{ message: 'Vector store vs_1 not found' }, 'InvalidRequest'],
    [{ param: 'temperature' }, 'InvalidRequest'],
    [{ status: 429, message: 'background' }, 'RateLimited'],
    [{ status: 501 }, 'CreateAmbiguous'],
  ])('and not %j', (row, type) => {
    expect(refusal(row)).toEqual({ type, refusedMode: false });
  });
});
