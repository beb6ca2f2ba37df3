import { doingText, NOTHING_SEEN, see, type StreamEvent } from '../../openai';
import { Teller, type Told } from '../../activities/teller';

const added = (type: string): StreamEvent => ({ type: 'response.output_item.added', item: { type } });
const written = (delta: string): StreamEvent => ({ type: 'response.output_text.delta', delta });

test.each<[text: string | undefined, events: StreamEvent[]]>([
  [undefined, [{ type: 'response.created' }, { type: 'response.in_progress' }]],
  ['reasoning', [added('reasoning')]],
  ['searching the web: 1 search', [added('web_search_call')]],
  ['searching the web: 3 searches', [1, 2, 3].flatMap(() => [added('reasoning'), added('web_search_call')])],
  ['searching files: 1 search', [added('web_search_call'), added('file_search_call')]],
  ['writing', [added('message')]],
  ['writing: 1,200 characters', [added('message'), written('x'.repeat(700)), written('y'.repeat(500))]],
  ['writing: 7 characters', [written('resumed')]],
  ['working', [added('an_item_of_next_year')]],
])('%s', (text, events) => {
  expect(doingText(events.reduce(see, NOTHING_SEEN))).toBe(text);
});

describe('a teller', () => {
  let told: Told[];
  let teller: Teller;
  beforeEach(() => {
    jest.useFakeTimers();
    told = [];
    teller = new Teller({ createdAt: Date.now() }, (what) => told.push(what));
  });
  afterEach(() => jest.useRealTimers());

  test('tells the newest of a burst, once', () => {
    for (const [index, type] of ['reasoning', 'web_search_call', 'message'].entries())
      teller.sees({ ...added(type), sequence_number: index });
    jest.advanceTimersByTime(60_000);
    expect(told).toEqual([{ doing: 'writing', sequence: 2 }]);
  });

  test('is told nothing new, tells nothing', () => {
    teller.sees(added('reasoning'));
    jest.advanceTimersByTime(60_000);
    teller.sees({ type: 'response.reasoning_summary_text.delta', delta: 'secret' });
    jest.advanceTimersByTime(60_000);
    expect(told).toHaveLength(1);
  });

  test('of an hour of text, twenty lines at most, three seconds apart at least, the last of them late', () => {
    const at: number[] = [];
    const startedAt = Date.now();
    teller = new Teller({ createdAt: startedAt }, () => at.push(Date.now() - startedAt));
    for (let second = 0; second < 3600; second += 1) {
      teller.sees(written('ten chars.'));
      jest.advanceTimersByTime(1_000);
    }
    expect(at.length).toBeLessThanOrEqual(20);
    expect(at.slice(1).every((time, index) => time - at[index]! >= 3_000)).toBe(true);
    expect(at.at(-1)).toBeGreaterThan(1_800_000);
  });

  test('tells nothing after it was stopped', () => {
    teller.sees(added('reasoning'));
    teller.stop();
    teller.sees(added('message'));
    jest.advanceTimersByTime(60_000);
    expect(told).toEqual([]);
  });
});
