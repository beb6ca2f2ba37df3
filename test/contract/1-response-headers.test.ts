import { APIError, RateLimitError } from 'openai';
import type OpenAI from 'openai';
import { admin, advance, clientFor, startRig, type Rig } from '../emulator/helpers';

let rig: Rig;
afterEach(() => rig.stop());

const BODY = { model: 'gpt-4.1', input: 'What is Raft?', background: true } as const;

/** The headers of one kind of a create's answer. */
async function limitsOf(client: OpenAI, body: object = {}): Promise<Record<string, string | null>> {
  const { response } = await client.responses.create({ ...BODY, ...body }).withResponse();
  return pick(response.headers);
}

function pick(headers: Headers): Record<string, string | null> {
  const names = ['requests', 'tokens'].flatMap((unit) => ['limit', 'remaining', 'reset'].map((what) => [what, unit]));
  return Object.fromEntries(
    names.map(([what, unit]) => [`${what}-${unit}`, headers.get(`x-ratelimit-${what}-${unit}`)]),
  );
}

/** The error of a create that is refused. */
async function refusal(client: OpenAI, body: object = {}): Promise<InstanceType<typeof APIError>> {
  const answer: unknown = await client.responses.create({ ...BODY, ...body }).catch((error: unknown) => error);
  if (answer instanceof APIError) return answer;
  throw new Error(`expected an error, got ${JSON.stringify(answer)}`);
}

const headersOf = ({ headers }: InstanceType<typeof APIError>): Headers => headers ?? new Headers();

test('every answer carries version, organisation, project, request id and processing time, errors too', async () => {
  rig = await startRig({ seconds: 0 });
  const { data, response } = await rig.client.responses.create(BODY).withResponse();
  const found = await rig.client.responses.retrieve(data.id).asResponse();
  const missing: unknown = await rig.client.responses.retrieve('resp_none').catch((error: unknown) => error);
  const ids = new Set<string | null>();
  for (const headers of [response.headers, found.headers, headersOf(missing as InstanceType<typeof APIError>)]) {
    expect(headers.get('openai-version')).toBe('2020-10-01');
    expect(headers.get('openai-organization')).toBe('emulator');
    expect(headers.get('openai-project')).toMatch(/^proj_/);
    expect(headers.get('openai-processing-ms')).toMatch(/^\d+$/);
    expect(headers.get('x-request-id')).toMatch(/^req_/);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    ids.add(headers.get('x-request-id'));
  }
  expect(ids.size).toBe(3);
  expect((missing as InstanceType<typeof APIError>).requestID).toMatch(/^req_/);
});

test('a stream is text/event-stream; charset=utf-8 with the same headers, limits included', async () => {
  rig = await startRig({ seconds: 0, rpm: 60 });
  const { data, response } = await rig.client.responses.create({ ...BODY, stream: true }).withResponse();
  const types: string[] = [];
  for await (const { type } of data) types.push(type);
  expect(types.at(-1)).toBe('response.completed');
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(response.headers.get('openai-version')).toBe('2020-10-01');
  expect(response.headers.get('x-request-id')).toMatch(/^req_/);
  expect(pick(response.headers)).toMatchObject({ 'limit-requests': '60', 'remaining-requests': '59' });
});

test('compaction counts as a create does', async () => {
  rig = await startRig({ seconds: 0, rpm: 1 });
  const { response } = await rig.client.responses.compact({ model: 'gpt-4.1', input: 'What is Raft?' }).withResponse();
  expect(pick(response.headers)).toMatchObject({ 'remaining-requests': '0' });
  expect((await refusal(rig.client)).status).toBe(429);
});

test('a create carries x-ratelimit-{limit,remaining,reset}-{requests,tokens}; reading does not', async () => {
  rig = await startRig({ seconds: 0, rpm: 60, tpm: 60_000 });
  const { data, response } = await rig.client.responses.create({ ...BODY, max_output_tokens: 996 }).withResponse();
  // "What is Raft?" is four tokens; one request of 60 a minute is given back in a second, 1000 of 60,000 too.
  expect(pick(response.headers)).toEqual({
    'limit-requests': '60',
    'remaining-requests': '59',
    'reset-requests': '1s',
    'limit-tokens': '60000',
    'remaining-tokens': '59000',
    'reset-tokens': '1s',
  });
  const read = await rig.client.responses.retrieve(data.id).asResponse();
  expect(pick(read.headers)).toEqual(Object.fromEntries(Object.keys(pick(read.headers)).map((name) => [name, null])));
});

test('a reset is a duration such as 20ms and 1m0s', async () => {
  rig = await startRig({ seconds: 0, rpm: 3000 });
  expect(await limitsOf(rig.client)).toMatchObject({ 'reset-requests': '20ms' });
  await rig.stop();
  rig = await startRig({ seconds: 0, rpm: 1 });
  expect(await limitsOf(rig.client)).toMatchObject({ 'remaining-requests': '0', 'reset-requests': '1m0s' });
});

test('without limits the headers show generous ones, and nothing is refused', async () => {
  rig = await startRig({ seconds: 0 });
  expect(await limitsOf(rig.client)).toMatchObject({
    'limit-requests': '30000',
    'remaining-requests': '29999',
    'reset-requests': '2ms',
    'limit-tokens': '150000000',
  });
  expect(await limitsOf(rig.client, { max_output_tokens: 200_000_000 })).toMatchObject({
    'remaining-tokens': '0',
    'reset-tokens': '1m0s',
  });
  expect(await limitsOf(rig.client)).toMatchObject({ 'remaining-tokens': '0' });
});

test('too many requests are a 429 of type requests that says when to try again', async () => {
  rig = await startRig({ seconds: 0, rpm: 3 });
  for (let n = 0; n < 3; n += 1) await limitsOf(rig.client);
  const error = await refusal(rig.client);
  expect(error).toBeInstanceOf(RateLimitError);
  expect(error.error).toEqual({
    message: expect.stringMatching(
      /^Rate limit reached for gpt-4\.1 in organization org-emulator on requests per min \(RPM\): Limit 3, Used 3, Requested 1\. Please try again in (?:20|1?\d\.\d{1,3}|1?\d)s\. Visit /,
    ) as string,
    type: 'requests',
    param: null,
    code: 'rate_limit_exceeded',
  });
  const headers = headersOf(error);
  const wait = Number(headers.get('retry-after-ms'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(20_000);
  expect(headers.get('retry-after')).toBe(String(Math.ceil(wait / 1000)));
  expect(error.message).toContain(`in ${wait / 1000}s.`);
  expect(pick(headers)).toMatchObject({ 'limit-requests': '3', 'remaining-requests': '0' });

  await advance(rig.emulator, 20);
  expect(await limitsOf(rig.client)).toMatchObject({ 'remaining-requests': '0' });
});

test('too many tokens are a 429 of type tokens; what is asked for is the input and max_output_tokens', async () => {
  rig = await startRig({ seconds: 0, tpm: 10_000 });
  await limitsOf(rig.client, { max_output_tokens: 9000 });
  const error = await refusal(rig.client, { input: 'x'.repeat(4000), max_output_tokens: 1000 });
  expect(error.status).toBe(429);
  expect(error).toMatchObject({ type: 'tokens', code: 'rate_limit_exceeded' });
  expect(error.message).toMatch(
    /on tokens per min \(TPM\): Limit 10000, Used \d{4}, Requested 2000\. Please try again/,
  );
  // 9004 and 2000 are about a thousand too many; 10,000 a minute are given back.
  const wait = Number(headersOf(error).get('retry-after-ms'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(6024);
});

test('a request beyond the whole limit can never pass and names no time', async () => {
  rig = await startRig({ seconds: 0, tpm: 1000 });
  const error = await refusal(rig.client, { max_output_tokens: 2000 });
  expect(error).toMatchObject({ status: 429, type: 'tokens', code: 'rate_limit_exceeded' });
  expect(error.message).toContain(
    'Request too large for gpt-4.1 in organization org-emulator on tokens per min (TPM): Limit 1000, Requested 2004. ' +
      'The input or output tokens must be reduced in order to run successfully.',
  );
  expect(headersOf(error).get('retry-after')).toBeNull();
});

test('the SDK waits as long as retry-after-ms says, and passes', async () => {
  rig = await startRig({ seconds: 0, tpm: 600_000 });
  await limitsOf(rig.client, { max_output_tokens: 599_000 });
  const patient = clientFor(rig.emulator.url).withOptions({ maxRetries: 2 });
  // About half a second until there is room.
  expect((await patient.responses.create({ ...BODY, max_output_tokens: 6000 })).status).toBe('completed');
});

test('limits are counted for each model', async () => {
  rig = await startRig({ seconds: 0, rpm: 1 });
  await limitsOf(rig.client);
  expect((await refusal(rig.client)).status).toBe(429);
  expect(await limitsOf(rig.client, { model: 'gpt-4o' })).toMatchObject({ 'remaining-requests': '0' });
});

test('what is refused is not stored and does not use up a fault; what fails otherwise counts', async () => {
  rig = await startRig({ seconds: 0, rpm: 2 });
  const metadata = { emulator_fault: 'http_503*1,failed*1' };
  expect(await refusal(rig.client, { metadata })).toMatchObject({ status: 503 });
  expect(pick(headersOf(await refusal(rig.client, { temperature: 7 })))).toMatchObject({ 'remaining-requests': '0' });
  expect((await refusal(rig.client, { metadata })).status).toBe(429);
  const counts = await admin(rig.emulator, 'GET /emulator/status');
  expect(counts.body['counts']).toMatchObject({ creates: 0 });
  await advance(rig.emulator, 30);
  const { id } = await rig.client.responses.create({ ...BODY, metadata });
  expect((await rig.client.responses.retrieve(id)).status).toBe('failed');
});
