import { resolve } from 'node:path';
import { ConfigurationError, readWorkerConfig } from '../../worker/config';

const KEY = 'sk-1234567890abcdefghijKEY';
const SECRET = `whsec_${Buffer.from('the secret of a receiver').toString('base64')}`;
const BASE = { OPENAI_API_KEY: KEY };

test('a key is enough, and the rest has defaults', () => {
  expect(readWorkerConfig(BASE)).toEqual({
    provider: { apiKey: KEY },
    simulated: false,
    defaultModel: expect.stringMatching(/^gpt-/),
    taskQueue: 'durable-research',
    home: resolve('.durable-research'),
    store: 'files',
    createTimeoutMs: 30_000,
    background: 'auto',
    historyEvents: 10_000,
    toolModules: [],
    webhookSecrets: [],
    encryptionKeys: [],
  });
});

test('every variable is read', () => {
  const config = readWorkerConfig({
    ...BASE,
    OPENAI_BASE_URL: 'https://host/v1',
    OPENAI_ORG_ID: 'org',
    OPENAI_PROJECT_ID: 'proj',
    OPENAI_MODEL: 'gpt-y',
    TEMPORAL_TASK_QUEUE: 'queue',
    TEMPORAL_DEPLOYMENT_NAME: 'research',
    TEMPORAL_WORKER_BUILD_ID: '1.2.0-f00d',
    DURABLE_RESEARCH_HOME: '/data',
    DURABLE_RESEARCH_ORIGIN: 'emulator:x',
    DURABLE_RESEARCH_STORE: 'provider',
    DURABLE_RESEARCH_PRICES: '/prices.json',
    DURABLE_RESEARCH_CREATE_TIMEOUT: '5s',
    DURABLE_RESEARCH_BACKGROUND: 'none',
    DURABLE_RESEARCH_TOOLS: './tools.js, some-package',
    DURABLE_RESEARCH_MCP: './mcp.json',
    DURABLE_RESEARCH_HISTORY_EVENTS: '400',
    DURABLE_RESEARCH_NOTIFY_URL: 'https://host/hook',
    DURABLE_RESEARCH_NOTIFY_SECRET: SECRET,
    DURABLE_RESEARCH_NOTIFY_COMMAND: 'cat',
    OPENAI_WEBHOOK_SECRET: 'whsec_bmV3 whsec_b2xk',
    DURABLE_RESEARCH_ENCRYPTION_KEYS: `mine:${Buffer.alloc(32, 1).toString('base64')}`,
  });
  expect(config).toEqual({
    provider: { apiKey: KEY, baseURL: 'https://host/v1', organization: 'org', project: 'proj', origin: 'emulator:x' },
    simulated: true,
    defaultModel: 'gpt-y',
    taskQueue: 'queue',
    deploymentVersion: { deploymentName: 'research', buildId: '1.2.0-f00d' },
    home: '/data',
    store: 'provider',
    pricesFile: '/prices.json',
    createTimeoutMs: 5_000,
    background: 'none',
    historyEvents: 400,
    notify: { url: 'https://host/hook', secret: SECRET, command: 'cat' },
    toolModules: ['./tools.js', 'some-package'],
    mcpFile: './mcp.json',
    webhookSecrets: ['whsec_bmV3', 'whsec_b2xk'],
    encryptionKeys: [{ id: 'mine', key: Buffer.alloc(32, 1) }],
  });
});

test.each<[text: string, store: unknown]>([
  ['files', 'files'],
  ['s3://my-bucket', { bucket: 'my-bucket', prefix: '' }],
  ['s3://my.bucket/', { bucket: 'my.bucket', prefix: '' }],
  ['s3://my-bucket/team/research/', { bucket: 'my-bucket', prefix: 'team/research' }],
])('outputs are kept in %s', (text, store) => {
  expect(readWorkerConfig({ ...BASE, DURABLE_RESEARCH_STORE: text }).store).toEqual(store);
});

test.each(['s3://', 's3://B', 's3://my-bucket?x=1', 'https://bucket'])('%s is no store', (text) => {
  expect(() => readWorkerConfig({ ...BASE, DURABLE_RESEARCH_STORE: text })).toThrow(/DURABLE_RESEARCH_STORE: expected/);
});

test.each(['19', '40001', '100.5', 'many', '-100'])('%s events are no bound of a history', (text) => {
  expect(() => readWorkerConfig({ ...BASE, DURABLE_RESEARCH_HISTORY_EVENTS: text })).toThrow(
    /DURABLE_RESEARCH_HISTORY_EVENTS: expected a whole number from 20 to 40000/,
  );
});

test.each(['!!', 'whsec_', 'whsec_bmV3 abc'])('%s is no secret of a webhook', (text) => {
  expect(() => readWorkerConfig({ ...BASE, OPENAI_WEBHOOK_SECRET: text })).toThrow(
    /OPENAI_WEBHOOK_SECRET: expected secrets in base64/,
  );
});

test('a variable that is set to nothing is not set', () => {
  const names = [
    'OPENAI_BASE_URL',
    'OPENAI_ORG_ID',
    'OPENAI_PROJECT_ID',
    'OPENAI_MODEL',
    'TEMPORAL_TASK_QUEUE',
    'TEMPORAL_DEPLOYMENT_NAME',
    'TEMPORAL_WORKER_BUILD_ID',
    'DURABLE_RESEARCH_HOME',
    'DURABLE_RESEARCH_ORIGIN',
    'DURABLE_RESEARCH_STORE',
    'DURABLE_RESEARCH_PRICES',
    'DURABLE_RESEARCH_CREATE_TIMEOUT',
    'DURABLE_RESEARCH_NOTIFY_URL',
    'DURABLE_RESEARCH_NOTIFY_SECRET',
    'DURABLE_RESEARCH_NOTIFY_COMMAND',
  ];
  for (const blank of ['', '  '])
    expect(readWorkerConfig({ ...BASE, ...Object.fromEntries(names.map((name) => [name, blank])) })).toEqual(
      readWorkerConfig(BASE),
    );
});

test.each<[name: string, env: NodeJS.ProcessEnv, message: RegExp]>([
  ['no key', {}, /^OPENAI_API_KEY is not set\. Set it to/],
  ['a blank key', { OPENAI_API_KEY: ' ' }, /^OPENAI_API_KEY is not set/],
  [
    'an unknown store',
    { ...BASE, DURABLE_RESEARCH_STORE: 's3' },
    /DURABLE_RESEARCH_STORE: expected "files", "provider" or "s3:\/\/bucket\/prefix"/,
  ],
  [
    'an unknown background mode',
    { ...BASE, DURABLE_RESEARCH_BACKGROUND: 'maybe' },
    /DURABLE_RESEARCH_BACKGROUND: expected "auto", "full" or "none"/,
  ],
  [
    'a time-out in words',
    { ...BASE, DURABLE_RESEARCH_CREATE_TIMEOUT: 'soon' },
    /DURABLE_RESEARCH_CREATE_TIMEOUT: expected a duration/,
  ],
  [
    'a time-out no create keeps',
    { ...BASE, DURABLE_RESEARCH_CREATE_TIMEOUT: '1ms' },
    /CREATE_TIMEOUT: expected a duration between 1s and 10m/,
  ],
  [
    'a time-out beyond timers',
    { ...BASE, DURABLE_RESEARCH_CREATE_TIMEOUT: '25d' },
    /CREATE_TIMEOUT: expected a duration between 1s and 10m/,
  ],
  [
    'a build of no deployment',
    { ...BASE, TEMPORAL_WORKER_BUILD_ID: '1' },
    /TEMPORAL_WORKER_BUILD_ID is set without TEMPORAL_DEPLOYMENT_NAME; set both/,
  ],
  [
    'a deployment without a build',
    { ...BASE, TEMPORAL_DEPLOYMENT_NAME: 'research' },
    /TEMPORAL_DEPLOYMENT_NAME is set without TEMPORAL_WORKER_BUILD_ID; set both/,
  ],
  [
    'a deployment that Temporal refuses',
    { ...BASE, TEMPORAL_DEPLOYMENT_NAME: 'a.b', TEMPORAL_WORKER_BUILD_ID: '1' },
    /TEMPORAL_DEPLOYMENT_NAME: may hold neither "\." nor ":"/,
  ],
  [
    'a receiver that is no URL',
    { ...BASE, DURABLE_RESEARCH_NOTIFY_URL: 'host/hook' },
    /DURABLE_RESEARCH_NOTIFY_URL: expected an http\(s\) URL/,
  ],
  [
    'a receiver that is no http URL',
    { ...BASE, DURABLE_RESEARCH_NOTIFY_URL: 'file:///etc/passwd', DURABLE_RESEARCH_NOTIFY_SECRET: SECRET },
    /DURABLE_RESEARCH_NOTIFY_URL: expected an http\(s\) URL/,
  ],
  [
    'a receiver without a secret',
    { ...BASE, DURABLE_RESEARCH_NOTIFY_URL: 'https://host' },
    /set without DURABLE_RESEARCH_NOTIFY_SECRET/,
  ],
  [
    'a secret that signs nothing',
    { ...BASE, DURABLE_RESEARCH_NOTIFY_URL: 'https://host', DURABLE_RESEARCH_NOTIFY_SECRET: 'whsec_my secret!' },
    /DURABLE_RESEARCH_NOTIFY_SECRET: expected a secret in base64/,
  ],
])('%s: the message names the variable and echoes no value', (_name, env, message) => {
  const read = (): unknown => readWorkerConfig(env);
  expect(read).toThrow(ConfigurationError);
  expect(read).toThrow(message);
  expect(read).not.toThrow(/sk-1234|my secret!|etc\/passwd/);
});
