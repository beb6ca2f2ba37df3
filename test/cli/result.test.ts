import { type Ledger } from '../../contract/ledger';
import { type Citation } from '../../contract/outcome';
import { NO_USAGE } from '../../contract/usage';
import { plainStyle } from '../../cli/text/style';
import { wrap } from '../../cli/text/wrap';
import { cancelledLines } from '../../cli/views/cancelled';
import { doctorLines } from '../../cli/views/doctor';
import { costLines } from '../../cli/views/ledger';
import { answerText, markCitations, sourceLines } from '../../cli/views/result';

const raft: Omit<Citation, 'at'> = { number: 1, url: 'https://example.com/raft', title: 'Raft' };
const notes: Omit<Citation, 'at'> = { number: 2, fileId: 'file-1', title: 'notes.pdf' };

describe('citations', () => {
  test('are marked where they belong, in the order of their numbers, once each', () => {
    const text = 'Raft elects. Paxos proposes.';
    const citations = [
      { ...notes, at: 12 },
      { ...raft, at: 12 },
      { ...raft, at: 12 },
      { ...notes, at: 28 },
    ];
    expect(markCitations({ text, citations })).toBe('Raft elects.[1][2] Paxos proposes.[2]');
  });

  test('may stand at the very beginning and the very end', () => {
    expect(
      markCitations({
        text: 'ab',
        citations: [
          { ...raft, at: 0 },
          { ...notes, at: 2 },
        ],
      }),
    ).toBe('[1]ab[2]');
  });

  test('are listed by number, with title and place', () => {
    const ten = { number: 10, url: 'https://example.com/ten' };
    const file = { number: 3, fileId: 'file-9' };
    expect(
      sourceLines([
        { ...ten, at: 1 },
        { ...notes, at: 1 },
        { ...raft, at: 5 },
        { ...raft, at: 9 },
        { ...file, at: 9 },
      ]),
    ).toEqual([' [1] Raft  https://example.com/raft', ' [2] notes.pdf', ' [3] file-9', '[10] https://example.com/ten']);
  });

  test('make no list where there are none', () => {
    expect(answerText({ text: '\nJust text.\n', citations: [] })).toBe('Just text.');
    expect(answerText({ text: 'Cited.', citations: [{ ...raft, at: 6 }] })).toBe(
      'Cited.[1]\n\nSources\n[1] Raft  https://example.com/raft',
    );
  });
});

const account = { usage: NO_USAGE, hostedCalls: {}, usd: 0, toolFeesUsd: 0, creates: 0 };
const ledger: Ledger = {
  pricesDate: '2026-11-22',
  simulated: true,
  total: {
    ...account,
    usage: { input: 1_262, cached: 40, cacheWrite: 0, output: 2_151, reasoning: 1_295 },
    usd: 0.0291,
    toolFeesUsd: 0.02,
    creates: 5,
  },
  steps: {},
  reservedUsd: 0,
  ambiguous: [],
  possiblyRunning: [],
  costUnknown: [],
  unpriced: [],
};

describe('the cost', () => {
  test('of the emulator is what the model would cost', () => {
    expect(costLines(ledger, ['gpt-x'])).toEqual([
      '1,262 input (40 cached), 2,151 output (1,295 reasoning) tokens.',
      'Nothing was spent: the offline emulator answered, by quoting texts. With gpt-x it would cost $0.0291, of it $0.0200 for tool calls, by prices of 2026-11-22.',
    ]);
  });

  test('of the API is money, and says what is not sure about it', () => {
    const doubtful: Ledger = {
      ...ledger,
      simulated: false,
      unpriced: ['gpt-y'],
      ambiguous: [{ stepId: 'plan', turn: 1, create: 1, reason: 'no answer in 30 s', worstUsd: 0.5 }],
      possiblyRunning: [{ stepId: 'write', responseId: 'resp_1', reason: 'ProviderUnavailable: no answer' }],
      costUnknown: [{ stepId: 'look', responseId: 'resp_2', reason: 'it is cancelled', worstUsd: 0.25 }],
    };
    expect(costLines(doubtful, ['gpt-y']).slice(1)).toEqual([
      '$0.0291, of it $0.0200 for tool calls, by prices of 2026-11-22.',
      'That is a lower bound: gpt-y has no price here; set DURABLE_RESEARCH_PRICES to a file that has it.',
      'plan: create 1 is ambiguous, and may have been billed (at most $0.5000): no answer in 30 s',
      'write: resp_1 may still be running at the provider: ProviderUnavailable: no answer',
      'look: what resp_2 cost is unknown and not in the sum (at most $0.2500): it is cancelled',
    ]);
  });
});

test('a cancelled run tells what was stopped, what may still run, and what had not begun', () => {
  const step = { creates: 1, usage: NO_USAGE, usd: 0 };
  const steps = [
    { ...step, id: 'plan', state: 'ended' as const, outcome: 'completed' as const, responseId: 'resp_0' },
    { ...step, id: 'look', state: 'ended' as const, outcome: 'cancelled' as const, responseId: 'resp_1' },
    { ...step, id: 'write', state: 'ended' as const, outcome: 'cancelled' as const, responseId: 'resp_2' },
    { ...step, id: 'send', state: 'waiting' as const },
  ];
  const progress = {
    stage: 'ended' as const,
    steps,
    counts: { total: 4, ended: 3, inProgress: 0 },
    usage: NO_USAGE,
    usd: 0,
    simulated: true,
    waitingFor: [],
    approvals: [],
    steering: [],
    warnings: [],
  };
  const possiblyRunning = [{ stepId: 'write', responseId: 'resp_2', reason: 'no answer' }];
  expect(cancelledLines(progress, { ...ledger, possiblyRunning })).toEqual([
    'look: resp_1 was stopped at the provider.',
    'write: resp_2 may still be running at the provider: no answer',
    '1 step had completed, 1 step had not begun.',
  ]);
});

describe('text for a terminal', () => {
  test('is broken between words, under the text of its list item', () => {
    expect(wrap('one two three four', 9)).toBe('one two\nthree\nfour');
    expect(wrap('- one two three', 9)).toBe('- one two\n  three');
    expect(wrap('a\n\nshort', 9)).toBe('a\n\nshort');
    expect(wrap('incomprehensibilities are long', 9)).toBe('incomprehensibilities\nare long');
  });

  test('keeps code and tables', () => {
    const code = '```\nlet x = a very long line\n```\n| a long | table row |\n    indented code here';
    expect(wrap(code, 9)).toBe(code);
  });

  test('is not touched without a width', () => {
    expect(wrap('one two three four', Infinity)).toBe('one two three four');
  });
});

test('the doctor says each finding beside its name, and what to do under it', () => {
  const findings = [
    { name: 'Node', status: 'ok' as const, found: '20.20.2' },
    {
      name: 'provider',
      status: 'warn' as const,
      found: 'the offline emulator answers',
      todo: 'set OPENAI_API_KEY to use the API',
    },
  ];
  expect(doctorLines(findings, 36, plainStyle)).toEqual([
    '✓ Node      20.20.2',
    '! provider  the offline emulator',
    '            answers',
    '            → set OPENAI_API_KEY to',
    '            use the API',
  ]);
  expect(doctorLines(findings, Infinity, plainStyle)).toHaveLength(3);
});
