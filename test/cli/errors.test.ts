import { ConfigurationError } from '../../worker/config';
import { RunFailedError, RunNotFoundError } from '../../client/errors';
import { InvalidInputError } from '../../contract/issues';
import { invocationOf } from '../../cli/invocation';
import { explain, InterruptedError, UsageError, wantsStacks } from '../../cli/errors';
import { worstText } from '../../cli/views/worst-price';

test.each([
  [new UsageError('wrong'), 2],
  [new InvalidInputError('pipeline input', [{ path: ['steps'], message: 'expected a list' }]), 2],
  [new ConfigurationError('OPENAI_API_KEY is not set'), 2],
  [new RunNotFoundError('run-1', 'default'), 2],
  [new InterruptedError('goes on'), 130],
  [new RunFailedError('run-1', { type: 'NoOutput', message: 'none' }), 1],
  [new Error('anything'), 1],
  ['a string', 1],
])('%s ends with %d', (error, exitCode) => {
  const { text, exitCode: code } = explain(error, false);
  expect(code).toBe(exitCode);
  expect(text).not.toMatch(/\n\s+at /);
});

test.each([
  ['/usr/local/bin/durable-research', {}, 'durable-research resume'],
  ['/app/dist/cli/main.js', {}, 'npx durable-research resume'],
  ['/app/node_modules/.bin/durable-research', { npm_command: 'exec' }, 'npx durable-research resume'],
])('a command is told as %s was started', (file, env, text) => {
  expect(invocationOf('resume', ['node', file], env)).toBe(text);
});

test('a stack trace with its causes is shown to those who ask for it', () => {
  const error = new Error('outer', { cause: new Error('inner') });
  expect(explain(error, true).text).toMatch(/outer\n\s+at [^]*caused by: Error: inner\n\s+at /);
  expect(wantsStacks({ DEBUG: 'http,durable-research' }, false)).toBe(true);
  expect(wantsStacks({ DEBUG: 'http' }, false)).toBe(false);
  expect(wantsStacks({}, true)).toBe(true);
});

test('the worst price is said to be unknown where a model has none', () => {
  const worst = { usd: 1.5, usdWithRetries: 3, unpriced: [], pricesDate: '2026-11-22' };
  const url = 'https://api.example.com/v1';
  expect(worstText(worst, 5, url)).toBe(
    `5 steps at ${url}. Worst price $1.50 (every output as long as it may be, $3.00 if every step fails and is created again), by prices of 2026-11-22. Most runs cost a small part of it.`,
  );
  expect(worstText({ ...worst, usd: NaN, usdWithRetries: NaN, unpriced: ['gpt-y'] }, 1, url)).toMatch(
    /^1 step at .*The worst price is unknown: gpt-y has no price here/,
  );
});
