import { LiveRegion } from '../../cli/live-region';

/** A terminal that keeps what is written to it, as rows of a screen would be. */
class Screen {
  written = '';
  constructor(
    public columns: number,
    public rows: number,
  ) {}

  readonly write = (text: string): boolean => {
    this.written += text;
    return true;
  };

  take(): string {
    const { written } = this;
    this.written = '';
    return written;
  }
}

const UP = (rows: number): string => `\u001B[${rows}A\r`;

test('a region is drawn over itself', () => {
  const screen = new Screen(80, 24);
  const region = new LiveRegion(screen);
  region.draw(['a', 'b']);
  expect(screen.take()).toBe('\ra\u001B[K\nb\u001B[K\n\u001B[J');
  region.draw(['a', 'c', 'd']);
  expect(screen.take()).toBe(`${UP(2)}a\u001B[K\nc\u001B[K\nd\u001B[K\n\u001B[J`);
});

test('nothing is written where nothing changed', () => {
  const screen = new Screen(80, 24);
  const region = new LiveRegion(screen);
  region.draw(['a']);
  screen.take();
  region.draw(['a']);
  expect(screen.take()).toBe('');
});

test('a terminal made narrower has more rows to go back, as wide characters have', () => {
  const screen = new Screen(80, 24);
  const region = new LiveRegion(screen);
  region.draw(['x'.repeat(50), '日'.repeat(10), '']);
  screen.take();
  screen.columns = 15;
  region.draw(['y']);
  expect(screen.take()).toMatch(new RegExp(`^\\u001B\\[${4 + 2 + 1}A`));
});

test('rows that have left the screen are not gone back to', () => {
  const screen = new Screen(80, 24);
  const region = new LiveRegion(screen);
  region.draw(Array.from({ length: 20 }, (_, i) => `line ${i}`));
  screen.take();
  screen.rows = 10;
  region.draw(['y']);
  expect(screen.take().startsWith(UP(9))).toBe(true);
});

test('what is printed stays above the region', () => {
  const screen = new Screen(80, 24);
  const region = new LiveRegion(screen);
  region.draw(['a']);
  screen.take();
  region.print(['a warning']);
  expect(screen.take()).toBe(`${UP(1)}a warning\u001B[K\na\u001B[K\n\u001B[J`);
  region.leave();
  region.draw(['b']);
  expect(screen.take()).toBe('\rb\u001B[K\n\u001B[J');
  region.clear();
  expect(screen.take()).toBe(`${UP(1)}\u001B[J`);
});
