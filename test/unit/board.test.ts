import * as fc from 'fast-check';
import { progressSchema, type StepProgress } from '../../contract/progress';
import { NO_USAGE } from '../../contract/usage';
import { Board } from '../../workflows/board';
import { details } from '../../workflows/details';
import { LedgerBook } from '../../workflows/ledger';

const PRICES = { date: '2026-11-22', models: { 'gpt-x': { input: 10, output: 50 } }, toolCalls: {} };

function openBoard(): { board: Board; ledger: LedgerBook; changes: () => number } {
  const ledger = new LedgerBook(PRICES, true);
  let changes = 0;
  const board = new Board(
    () => ledger,
    () => (changes += 1),
  );
  return { board, ledger, changes: () => changes };
}

test('a row takes over what it is told, and its account from the ledger', () => {
  const { board, ledger, changes } = openBoard();
  board.update('a', {});
  board.update('a', { state: 'creating', startedAt: 5 });
  ledger.reserve('a', 1);
  ledger.settle('a', {
    responseId: 'resp_1',
    status: 'completed',
    model: 'gpt-x',
    usage: { ...NO_USAGE, input: 100_000 },
    hostedCalls: {},
  });
  board.update('a', { state: 'in_progress', responseId: 'resp_1' });
  const progress = progressSchema.parse(board.snapshot());
  expect(progress).toMatchObject({
    version: 3,
    simulated: true,
    usd: 1,
    waitingFor: ['a: response resp_1'],
    counts: { total: 1, ended: 0, inProgress: 1 },
    steps: [{ id: 'a', state: 'in_progress', startedAt: 5, creates: 1, usd: 1, usage: { input: 100_000 } }],
  });
  expect(changes()).toBe(3);
});

test('before the record of the run is there, rows have no account', () => {
  const board = new Board(
    () => undefined,
    () => undefined,
  );
  board.update('a', {});
  expect(progressSchema.parse(board.snapshot())).toMatchObject({ stage: 'starting', usd: 0, steps: [{ creates: 0 }] });
});

test('"since" gives what changed after it, and nothing at the latest version', () => {
  const { board } = openBoard();
  for (const id of ['a', 'b', 'c']) board.update(id, {});
  const { version } = board.snapshot();
  board.update('b', { state: 'creating' });
  board.enter('running');
  const later = board.snapshot({ since: version });
  expect(later.steps.map(({ id }) => id)).toEqual(['b']);
  expect(later).toMatchObject({ version: version + 2, stage: 'running', more: false });
  expect(board.snapshot({ since: later.version }).steps).toEqual([]);
});

const change = fc.record({
  row: fc.nat(499),
  state: fc.constantFrom<StepProgress['state']>('waiting', 'creating', 'in_progress', 'ended'),
  look: fc.boolean(),
});

test('a reader that follows "since" and "more" sees the last state of all 500 rows', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 500 }),
    fc.array(change, { maxLength: 800 }),
    (size, changes) => {
      const { board } = openBoard();
      for (let i = 0; i < size; i += 1) board.update(`s${i}`, {});
      const seen = new Map<string, StepProgress>();
      let since = 0;
      /** One answer, as a reader between two changes gets it. */
      const look = (): boolean => {
        const { steps, version, more } = board.snapshot({ since });
        expect(steps.length).toBeLessThanOrEqual(100);
        expect(version).toBeGreaterThanOrEqual(since);
        for (const step of steps) seen.set(step.id, step);
        since = version;
        return more;
      };
      for (const [n, { row, state, look: looks }] of changes.entries()) {
        board.update(`s${row % size}`, { state, startedAt: n });
        if (looks) look();
      }
      for (let answers = 0; look(); answers += 1) expect(answers).toBeLessThan(6);
      expect([...seen.values()].toSorted((a, b) => order(a) - order(b))).toEqual(board.all());
    },
  );
  fc.assert(property, { numRuns: 30 });
});

const order = ({ id }: StepProgress): number => Number(id.slice(1));

test('rows come in the order in which the steps were named, however they changed', () => {
  const { board } = openBoard();
  for (let i = 0; i < 150; i += 1) board.update(`s${i}`, {});
  for (const id of ['s149', 's3', 's77']) board.update(id, { state: 'ended' });
  const first = board.snapshot();
  const untouched = Array.from({ length: 102 }, (_, i) => i).filter((i) => i !== 3 && i !== 77);
  expect(first.steps.map(order)).toEqual(untouched);
  const rest = board.snapshot({ since: first.version });
  expect(rest.steps.map(order).at(-1)).toBe(149);
  expect(rest.more).toBe(false);
});

test('warnings are told, of very many the latest', () => {
  const { board } = openBoard();
  for (let i = 0; i < 5_000; i += 1) board.warn(`warning ${i}`);
  const { warnings } = progressSchema.parse(board.snapshot());
  expect(warnings).toHaveLength(100);
  expect(warnings.at(-1)).toBe('warning 4999');
});

test('500 rows cost little: every change tells the whole table', () => {
  const startedAt = performance.now();
  const board = new Board(
    () => undefined,
    (changed) => details(changed),
  );
  for (let i = 0; i < 500; i += 1) board.update(`s${i}`, {});
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

describe('details', () => {
  test('a table of the steps, those at work first', () => {
    const { board, ledger } = openBoard();
    for (const id of ['a', 'b', 'c', 'd']) board.update(id, {});
    ledger.reserve('b', 0);
    ledger.settle('b', {
      responseId: 'resp_1',
      status: 'completed',
      model: 'gpt-x',
      usage: { ...NO_USAGE, input: 100_000, output: 5 },
      hostedCalls: {},
    });
    board.update('b', { state: 'ended', outcome: 'completed' });
    board.update('c', { state: 'creating' });
    board.update('d', { state: 'in_progress', responseId: 'resp_0123456789abcdef' });
    expect(details(board)).toBe(
      [
        '**1 of 4 steps ended**, $1.0003',
        '',
        '| step | state | tokens | USD |',
        '|---|---|---:|---:|',
        '| d | in progress `resp_0123456789a…` | 0 | 0.0000 |',
        '| c | creating | 0 | 0.0000 |',
        '| b | completed | 100005 | 1.0003 |',
        '| a | waiting | 0 | 0.0000 |',
      ].join('\n'),
    );
  });

  test('of very many steps forty stand in the table, within the 20 KB that Temporal takes', () => {
    const { board } = openBoard();
    for (let i = 0; i < 500; i += 1)
      board.update(`${'x'.repeat(60)}${i}`, { state: 'in_progress', responseId: `resp_${'y'.repeat(64)}` });
    const text = details(board);
    expect(text.split('\n')).toHaveLength(4 + 40 + 1);
    expect(text).toMatch(/… and 460 more$/);
    expect(Buffer.byteLength(text)).toBeLessThan(20_000);
  });
});
