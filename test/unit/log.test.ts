import { createLogger } from '../../worker/log';
import { createAnnouncerLog } from '../../worker/announcer-log';
import { readTelemetry } from '../../worker/telemetry';
import { ProviderError } from '../../openai';
import { type PendingWait } from '../../activities';

let written: string[];
beforeEach(() => {
  written = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());

test('JSON has one line an entry, with its attributes and the whole error', () => {
  const log = createLogger({ format: 'json', level: 'INFO' });
  log.debug('not asked for');
  log.warn('step ended\nlate', {
    stepId: 'a',
    events: 3n,
    error: new Error('outer', { cause: new TypeError('inner') }),
  });
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^[^\n]*\n$/);
  expect(JSON.parse(written[0]!)).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    level: 'WARN',
    message: 'step ended\nlate',
    stepId: 'a',
    events: '3',
    error: {
      name: 'Error',
      message: 'outer',
      stack: expect.any(String),
      cause: expect.objectContaining({ name: 'TypeError', message: 'inner' }),
    },
  });
});

test('text has its attributes behind it, and what cannot be shown does not break the line', () => {
  const log = createLogger({ format: 'text', level: 'DEBUG' });
  const circle: Record<string, unknown> = {};
  circle['itself'] = circle;
  log.debug('plain');
  log.info('worker polls', { taskQueue: 'q' });
  log.info('odd', circle);
  expect(written).toEqual([
    expect.stringMatching(/^\S+Z \[DEBUG\] plain\n$/),
    expect.stringMatching(/^\S+Z \[INFO\] worker polls \{"taskQueue":"q"\}\n$/),
    expect.stringMatching(/^\S+Z \[INFO\] odd \{"unloggable":"TypeError: .*\n$/),
  ]);
});

test('the settings are words, and another one is refused by name', () => {
  expect(readTelemetry({ DURABLE_RESEARCH_LOG: 'JSON', DURABLE_RESEARCH_LOG_LEVEL: 'debug' }).log).toEqual({
    format: 'json',
    level: 'DEBUG',
  });
  expect(() => readTelemetry({ DURABLE_RESEARCH_LOG: 'xml' })).toThrow(/^DURABLE_RESEARCH_LOG: expected text, json/);
  expect(() => readTelemetry({ DURABLE_RESEARCH_LOG_LEVEL: 'loud' })).toThrow(/^DURABLE_RESEARCH_LOG_LEVEL: /);
});

test('a failure of an announcer names its step; one that is tried again does so once in a while', () => {
  let now = 1_000_000;
  const log = createAnnouncerLog(createLogger({ format: 'json', level: 'INFO' }), () => now);
  const wait = { workflowId: 'run-1', activityId: 'await:resp_1', input: { stepId: 'a', responseId: 'resp_1' } };
  const fail = (error: unknown): void => log.failed('look', wait as PendingWait, error);
  const ids = { workflowId: 'run-1', stepId: 'a', responseId: 'resp_1' };

  for (let i = 0; i < 5; i += 1) fail(new ProviderError('ProviderUnavailable', 'down'));
  now += 10_000;
  fail(new ProviderError('ProviderUnavailable', 'down'));
  fail(new ProviderError('RateLimited', 'slow', 2_000));
  fail(new ProviderError('ResponseLost', 'gone'));
  fail(new Error('bug'));
  const lines = written.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toMatchObject([
    { ...ids, level: 'WARN', failure: 'ProviderUnavailable', more: 0 },
    { ...ids, level: 'WARN', failure: 'ProviderUnavailable', more: 4 },
    { ...ids, level: 'INFO', message: "looks are held back by the provider's rate limit", retryAfterMs: 2_000 },
    { ...ids, level: 'WARN', error: { type: 'ResponseLost', message: 'gone' } },
    { ...ids, level: 'WARN', error: { message: 'bug' } },
  ]);
});
