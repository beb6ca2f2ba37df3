import { billedEvents } from '../../bench/history';
import { gapsOf } from '../../bench/creates';
import { durationMetadata, stepId } from '../../bench/durations';
import { figure, summarize } from '../../bench/figures';
import { readOptions } from '../../bench/options';
import { table } from '../../bench/report';

const measured = { part: 'f', name: 'CPU a step', unit: 'ms' };

const create = (chain: string, createdMs: number, endsMs: number) => ({
  id: `${chain}${createdMs}`,
  chain,
  createdMs,
  endsMs,
});
const scheduled = (eventId: number, name: string) => ({
  eventId,
  activityTaskScheduledEventAttributes: { activityType: { name } },
});
const started = (scheduledEventId: number, attempt: number) => ({
  activityTaskStartedEventAttributes: { scheduledEventId, attempt },
});

describe('a summary', () => {
  test('is the median between the least and the greatest', () => {
    expect(summarize([9, 1, 5])).toEqual({ runs: 3, median: 5, min: 1, max: 9 });
    expect(summarize([4, 1, 9, 6])).toEqual({ runs: 4, median: 5, min: 1, max: 9 });
  });

  test.each([[[]], [[1, NaN]], [[Infinity]]])('is refused for %p: a hole in a measurement is not a zero', (values) => {
    expect(() => summarize(values)).toThrow(/expected/);
  });
});

describe('a figure', () => {
  test('measured in turn is compared pair by pair', () => {
    const values = [10, 40, 30];
    const against = { name: 'plain chain', values: [10, 20, 30] };
    expect(figure({ ...measured, values, against, paired: true, aim: 1.2 })).toMatchObject({
      ratio: { median: 1, min: 1, max: 2 },
      met: true,
    });
    expect(figure({ ...measured, values, against, paired: true, aim: 0.9 }).met).toBe(false);
  });

  test('measured apart is held against the other median', () => {
    const against = { name: 'plain loop', values: [1, 10, 100, 1000] };
    expect(figure({ ...measured, values: [110], against }).ratio.median).toBe(2);
  });

  test('whose pairs are not whole is refused', () => {
    const against = { name: 'plain chain', values: [1, 2] };
    expect(() => figure({ ...measured, values: [1], against, paired: true })).toThrow(/expected pairs, got 1 and 2/);
  });

  test('is a row of the table, with its ratio and whether the aim is met', () => {
    const against = { name: 'plain chain', values: [20] };
    const rows = table([figure({ ...measured, values: [12.3456], against, aim: 0.1 })]).split('\n');
    expect(rows[2]?.split('|').map((cell) => cell.trim())).toEqual(
      ['', 'f', 'CPU a step', '12.3 ms', '12.3 – 12.3', '1', 'plain chain', '20 ms', '0.617', '0.617 – 0.617', '≤ 0.1: no', ''], // prettier-ignore
    );
  });
});

test('time lost lies between the end of a response and the next create of its chain', () => {
  const all = [create('b', 5, 50), create('a', 110, 200), create('a', 0, 100), create('b', 90, Infinity)];
  const lost = (now?: number) => gapsOf(all, now).map(({ chain, waitedMs, lostMs }) => [chain, waitedMs, lostMs]);
  expect(lost()).toEqual([
    ['b', 45, 40],
    ['a', 100, 10],
  ]);
  // What has ended and waits for its successor is lost as well: an overrun stack must not look fast.
  expect(lost(260)).toContainEqual(['a', 90, 60]);
});

test('actions are counted by what Temporal bills', () => {
  const events = [
    { workflowExecutionStartedEventAttributes: {} },
    scheduled(5, 'durableResearch.createResponse'),
    started(5, 1),
    scheduled(11, 'durableResearch.awaitResponse'),
    started(11, 2),
    { timerStartedEventAttributes: {} },
    { workflowTaskStartedEventAttributes: {} },
  ];
  // The start, a create with its heartbeat, two attempts of the wait, the timer.
  expect(billedEvents(events)).toEqual({ events: 7, actions: 1 + 2 + 2 + 1 });
});

test('a step tells the emulator how long its response takes', () => {
  expect(durationMetadata(stepId(3, 14_250))).toEqual({ emulator_seconds: '14.25' });
  expect(durationMetadata('plan')).toEqual({});
});

test('parts and sizes are chosen by arguments', () => {
  expect(readOptions(['g', '--in-flight', '10,20', '--json', 'x.json'])).toEqual({
    parts: ['g'],
    quick: false,
    json: 'x.json',
    waiting: 5_000,
    inFlight: [10, 20],
  });
  expect(readOptions(['--quick'])?.parts).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  expect(() => readOptions(['h'])).toThrow(/got "h"/);
  expect(() => readOptions(['--waiting', '0'])).toThrow(/--waiting expects whole numbers above 0/);
});
