import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliHome, type Ended } from './cli';

const WRONG: readonly [name: string, args: string[], message: RegExp, env?: NodeJS.ProcessEnv][] = [
  ['nothing to run', ['run'], /expected a question, as in: .*; or --pipeline FILE/],
  ['an empty question', ['run', '  '], /expected a question/],
  [
    'both a question and a file',
    ['run', 'Why?', '--pipeline', 'right.json'],
    /expected a question or --pipeline FILE, got both/,
  ],
  ['a file that is not there', ['run', '--pipeline', 'none.json'], /cannot read none\.json: there is no such file/],
  [
    'a file that is not JSON',
    ['run', '--pipeline', 'broken.json'],
    /broken\.json is not JSON: property name expected at line 2, column 29/,
  ],
  [
    'a pipeline that is wrong',
    ['run', '--pipeline', 'wrong.json'],
    /steps\[0\]\.prompt: \{\{steps\.b\.text\}\} names a step that does not exist/,
  ],
  [
    'a folder that is not there',
    ['run', 'Why?', '--files', 'none'],
    /--files none: expected a folder, got nothing of that name/,
  ],
  [
    'a file for a folder',
    ['run', 'Why?', '--files', 'right.json'],
    /--files right\.json: expected a folder, got a file/,
  ],
  [
    'no folder for the answer',
    ['run', 'Why?', '--out', 'none/answer.md'],
    /--out none\/answer\.md: expected an existing folder none/,
  ],
  ['an unknown command', ['resum'], /unknown command 'resum'\s+\(Did you mean resume\?\)/],
  ['an unknown option', ['run', '--pipelin', 'x'], /unknown option '--pipelin'\s+\(Did you mean --pipeline\?\)/],
  ['no id', ['cancel'], /missing required argument 'id'/],
  ['a limit that is none', ['list', '--limit', '0'], /expected a whole number above 0/],
  ['a budget of nothing', ['run', 'Why?', '--budget', '0'], /--budget <usd>.*expected a number above 0/],
  ['an end that is none', ['run', 'Why?', '--budget', '1', '--on-exhausted', 'halt'], /expected pause or stop/],
  ['an end of no budget', ['run', 'Why?', '--on-exhausted', 'stop'], /expected --budget or --budget-tokens with it/],
  ['a raise to nothing', ['raise-budget', 'a-run'], /expected --usd, --tokens or both/],
  ['a key in the question', ['run', 'Use sk-1234567890abcdefghijklmnop'], /input\.question: holds an API key/],
  ['an unknown flag of the emulator', ['emulator', '--prt', '1'], /Unknown option '--prt'/],
  ['a worker without a key', ['worker'], /OPENAI_API_KEY is not set\. Set it to a key of the provider/],
  [
    'a URL without a key',
    ['run', 'Why?'],
    /OPENAI_BASE_URL is set, but no key\..* or unset OPENAI_BASE_URL/s,
    { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' },
  ],
  [
    'a profile that does not exist',
    ['run', 'Why?'],
    /Temporal's configuration cannot be used \(.*TEMPORAL_PROFILE/,
    { TEMPORAL_PROFILE: 'nope' },
  ],
  ['an empty id', ['run', 'Why?', '--id', ''], /--id: expected an id, got an empty text/],
  ['a file that is no history', ['replay', 'right.json'], /history of "right": expected "events", as/],
  ['a history that is not there', ['replay', 'none.json'], /cannot read none\.json: there is no such file/],
  ['nothing to replay', ['replay'], /expected files of histories, ids of runs, or --running/],
  [
    'workflows that are not there',
    ['replay', 'right.json', '--workflows', 'none.ts'],
    /there is no module \S*none\.ts; expected the one that exports your workflows/,
  ],
];

let cli: CliHome;
const outcomes = new Map<string, Ended>();
let unreachable: Promise<Ended>;
beforeAll(async () => {
  cli = await CliHome.create();
  await writeFile(join(cli.folder, 'broken.json'), '{"steps": [\n  {"id": "a", "prompt": "A",}\n]}');
  await writeFile(join(cli.folder, 'wrong.json'), '{"steps": [{"id": "a", "prompt": "{{steps.b.text}}"}]}');
  await writeFile(join(cli.folder, 'right.json'), '{"steps": [{"id": "a", "prompt": "A"}]}');
  // Connecting is given up after ten seconds; the other commands run meanwhile.
  unreachable = cli.run(['list'], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
  // A few at a time: most of a command's time is the loading of its modules.
  const rest = [...WRONG];
  const work = async (): Promise<void> => {
    for (let next = rest.shift(); next; next = rest.shift())
      outcomes.set(next[0], await cli.run(next[1], { env: next[3] }));
  };
  await Promise.all([work(), work(), work()]);
});
afterAll(() => cli.remove());

describe('wrong use ends with 2, says what was expected, and starts nothing', () => {
  test.each(WRONG)('%s', (name, _args, message) => {
    const { code, stdout, stderr } = outcomes.get(name) ?? { code: null, stdout: '', stderr: '' };
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at |sk-1234/);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(existsSync(cli.home)).toBe(false);
  });

  test('a pipeline on standard input that is not JSON', async () => {
    const { code, stderr } = await cli.run(['run', '--pipeline', '-'], { stdin: 'hello' });
    expect(stderr).toBe('error: standard input is not JSON: invalid symbol at line 1, column 1\n');
    expect(code).toBe(2);
  });

  test('a pipeline larger than Temporal takes', async () => {
    const stdin = JSON.stringify({ input: 'x'.repeat(2_100_000), steps: [{ id: 'a', prompt: 'A' }] });
    const { code, stderr } = await cli.run(['run', '--pipeline', '-'], { stdin });
    expect(stderr).toMatch(/the pipeline has \d+ bytes; Temporal takes at most 2097152/);
    expect(code).toBe(2);
  });
});

describe('help', () => {
  test('shows every command and examples', async () => {
    const { code, stdout } = await cli.run(['--help']);
    for (const name of [
      'run',
      'resume',
      'status',
      'cancel',
      'list',
      'stop',
      'worker',
      'dev',
      'emulator',
      'replay',
      'doctor',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    expect(stdout).toContain('durable-research run "How does Raft differ from Paxos?"');
    expect(code).toBe(0);
  });

  test('of the emulator shows its own flags', async () => {
    const { code, stdout } = await cli.run(['emulator', '--help']);
    expect(stdout).toContain('--corpus DIR');
    expect(code).toBe(0);
  });

  test('the version is the package’s', async () => {
    const { stdout } = await cli.run(['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

test('a stack trace is shown to those who ask for it', async () => {
  const { stderr } = await cli.run(['run', '--pipeline', 'none.json'], { env: { DEBUG: 'durable-research' } });
  expect(stderr).toMatch(/UsageError: cannot read none\.json[^]*\n\s+at /);
});

test('a named Temporal server that is down is told in one sentence', async () => {
  const { code, stderr } = await unreachable;
  expect(stderr).toBe(
    'error: Temporal cannot be reached at 127.0.0.1:1; start a server there or set TEMPORAL_ADDRESS\n',
  );
  expect(code).toBe(1);
});

test('nothing to stop is no error', async () => {
  const { code, stderr } = await cli.run(['stop']);
  expect(stderr).toMatch(/^Nothing runs for /);
  expect(code).toBe(0);
});

test.each([
  [{ DURABLE_RESEARCH_PRICES: '/nope' }, /✗ worker settings +.*price table \/nope.*cannot be read/],
  [
    { DURABLE_RESEARCH_NOTIFY_URL: 'http://127.0.0.1:1' },
    /✗ worker settings +.*without DURABLE_RESEARCH_NOTIFY_SECRET/,
  ],
  [
    { DURABLE_RESEARCH_TOOLS: '/nope.cjs' },
    /✗ worker settings +DURABLE_RESEARCH_TOOLS: "\/nope\.cjs" cannot be loaded/,
  ],
  [{ DURABLE_RESEARCH_MCP: '/nope.json' }, /✗ worker settings +DURABLE_RESEARCH_MCP: \/nope\.json cannot be read/],
  [{ DURABLE_RESEARCH_EMULATOR_CORPUS: '/nope' }, /✗ provider +the corpus \/nope is no folder/],
  [{ OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' }, /✗ provider +OPENAI_BASE_URL is set, but no key/],
])('the doctor says that no run can start with %j', async (env, finding) => {
  const { code, stdout } = await cli.run(['doctor'], { env });
  expect(stdout).toMatch(finding);
  expect(stdout).toMatch(/A run cannot start yet\.\n$/);
  expect(code).toBe(1);
});

test('the doctor says what is found and whether a run can start', async () => {
  const { code, stdout } = await cli.run(['doctor']);
  expect(stdout).toMatch(/^✓ Node +\d+\.\d+/m);
  expect(stdout).toMatch(/^[✓!] provider .*offline emulator/m);
  expect(stdout).toMatch(code === 0 ? /A run can start\.\n$/ : /A run cannot start yet\.\n$/);
});
