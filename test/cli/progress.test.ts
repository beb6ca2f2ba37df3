import { type StepProgress } from '../../contract/progress';
import { NO_USAGE } from '../../contract/usage';
import { plainStyle } from '../../cli/text/style';
import { widthOf } from '../../cli/text/width';
import { changeLine, progressLines, type Snapshot, totalsText } from '../../cli/views/progress';
import { chooseSteps, stepLines } from '../../cli/views/steps';

const NOW = 100_000;

function step(id: string, change: Partial<StepProgress> = {}): StepProgress {
  return { id, state: 'waiting', creates: 0, usage: NO_USAGE, usd: 0, ...change };
}

function done(id: string, endedAt: number, change: Partial<StepProgress> = {}): StepProgress {
  const usage = { ...NO_USAGE, input: 1_000, output: 204 };
  return step(id, {
    state: 'ended',
    outcome: 'completed',
    startedAt: endedAt - 9_000,
    endedAt,
    usage,
    usd: 0.0123,
    ...change,
  });
}

function snapshot(steps: StepProgress[], change: Partial<Snapshot['totals']> = {}): Snapshot {
  const ended = steps.filter(({ state }) => state === 'ended').length;
  const counts = { total: steps.length, ended, inProgress: 0 };
  return { steps, totals: { counts, usage: NO_USAGE, usd: 0, simulated: false, stage: 'running', ...change } };
}

const five = [
  done('plan', 90_000, { preview: 'Three questions.' }),
  step('look', { state: 'in_progress', startedAt: 91_000, responseId: 'resp_1', creates: 2 }),
  done('check', 95_000, { outcome: 'failed', reason: 'Unauthorized: the API key was refused', preview: undefined }),
  step('write'),
  step('send'),
];

describe('a row of a step', () => {
  test('tells state, elapsed time, tokens, cost, and what it said or why it did not', () => {
    expect(stepLines(five, { width: Infinity, style: plainStyle, now: NOW })).toEqual([
      '✓  plan   completed    9 s  1,204 tokens  $0.0123  Three questions.',
      '●  look   in progress  9 s                         create 2, resp_1',
      '✗  check  failed       9 s  1,204 tokens  $0.0123  Unauthorized: the API key was refused',
      '·  write  waiting',
      '·  send   waiting',
    ]);
  });

  test('tells what a response does, where its stream tells', () => {
    const look = step('look', {
      state: 'in_progress',
      startedAt: 91_000,
      responseId: 'resp_1',
      doing: 'searching the web: 3 searches',
    });
    expect(stepLines([look], { width: Infinity, style: plainStyle, now: NOW })).toEqual([
      '●  look  in progress  9 s  searching the web: 3 searches',
    ]);
  });

  test('marks what would not survive its worker', () => {
    const look = step('look', { state: 'in_progress', startedAt: 91_000, responseId: 'resp_1', resumable: false });
    expect(stepLines([look], { width: Infinity, style: plainStyle, now: NOW })).toEqual([
      '●  look  in progress  9 s  not resumable, resp_1',
    ]);
  });

  test.each([120, 80, 60, 40, 30, 20])('fits into %d columns', (width) => {
    for (const line of stepLines(five, { width, style: plainStyle, now: NOW }))
      expect(widthOf(line)).toBeLessThanOrEqual(width);
  });
});

describe('more steps than rows', () => {
  const many = Array.from({ length: 500 }, (_, i) => {
    if (i < 300) return done(`s${i}`, i * 100, i === 7 ? { outcome: 'failed' } : {});
    return i < 308 ? step(`s${i}`, { state: 'in_progress', startedAt: 1 }) : step(`s${i}`);
  });

  test('leave what is at work, what failed, what comes next and what ended last, in their order', () => {
    const ids = chooseSteps(many, 14).map(({ id }) => id);
    expect(ids.join(' ')).toBe('s7 s297 s298 s299 s300 s301 s302 s303 s304 s305 s306 s307 s308 s309');
  });

  test('are counted', () => {
    const lines = progressLines(snapshot(many), { width: 80, height: 19, style: plainStyle, now: NOW });
    expect(lines).toHaveLength(17);
    expect(lines).toContain('  and 296 completed, 190 waiting');
    expect(lines.at(-1)).toMatch(/^300 of 500 steps · /);
  });

  test('never fill more than the terminal, however low it is', () => {
    const lines = progressLines(snapshot(many), { width: 80, height: 8, style: plainStyle, now: NOW });
    expect(lines.length).toBeLessThan(8);
  });
});

describe('totals', () => {
  test('run on while the run does, and stop at its last step', () => {
    const totals = { usage: { ...NO_USAGE, input: 2_000, output: 812 }, usd: 0.5, simulated: true };
    expect(totalsText(snapshot(five, totals), NOW)).toBe('2 of 5 steps · 19 s · 2,812 tokens · $0.5000 (simulated)');
    expect(totalsText(snapshot(five, { stage: 'ended' }), NOW)).toBe('2 of 5 steps · 14 s · 0 tokens · $0');
    expect(totalsText(snapshot(five, { stage: 'cancelling' }), NOW)).toContain('cancelling');
    expect(totalsText(snapshot([step('a')]), NOW)).toBe('0 of 1 steps · 0 tokens · $0');
  });
});

describe('one line for each change', () => {
  test('says what changed, and nothing twice', () => {
    const waiting = step('look');
    const running = step('look', { state: 'in_progress', startedAt: 1, responseId: 'resp_1' });
    expect(changeLine(waiting, undefined)).toBeUndefined();
    expect(changeLine(step('look', { state: 'creating', startedAt: 1 }), waiting)).toBeUndefined();
    expect(changeLine(running, waiting)).toBe('look: in progress, resp_1');
    expect(changeLine(running, running)).toBeUndefined();
    expect(changeLine({ ...running, responseId: 'resp_2' }, running)).toBe('look: in progress, resp_2');
    const ended = done('look', 95_000);
    expect(changeLine(ended, running)).toBe('look: completed, after 9 s, 1,204 tokens, $0.0123');
    expect(changeLine({ ...ended, outcome: 'failed', reason: 'it broke' }, running)).toMatch(
      /^look: failed, .*; it broke$/,
    );
    const skipped = step('look', { state: 'ended', outcome: 'skipped', reason: 'needs "plan"' });
    expect(changeLine(skipped, waiting)).toBe('look: skipped; needs "plan"');
  });
});
