import { type Look, type Style } from './style';
import { pad, truncate, widthOf } from './width';

/** A piece of a row. Its text has no escape sequences. */
export interface Cell {
  text: string;
  look?: Look;
}

/** How a column behaves when the terminal is narrow. */
export interface Column {
  align?: 'left' | 'right';
  /** It may be cut down to so many characters. Default: it is never cut. */
  min?: number;
  /** Left out where the rest does not fit; the highest number goes first. Default: it always stays. */
  drop?: number;
}

/** What a table is laid out for. */
export interface Layout {
  columns: readonly Column[];
  /** Columns of the terminal. */
  width: number;
  style: Style;
}

const GAP = '  ';

/** Lines of aligned columns, none of them wider than `width` as long as the columns allow it. */
export function table(rows: readonly (readonly Cell[])[], { columns, width, style }: Layout): string[] {
  const widths = fit(columns, naturalWidths(columns, rows), width);
  const last = widths.findLastIndex((columnWidth) => columnWidth > 0);
  return rows.map((row) =>
    row
      .flatMap(({ text, look }, index) => {
        const columnWidth = widths[index] ?? 0;
        if (columnWidth === 0) return [];
        const shown = truncate(text, columnWidth);
        const padded =
          index === last && columns[index]?.align !== 'right' ? shown : pad(shown, columnWidth, columns[index]?.align);
        return [look === undefined ? padded : style(look, padded)];
      })
      .join(GAP)
      .trimEnd(),
  );
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] {
  return columns.map((_, index) => rows.reduce((most, row) => Math.max(most, widthOf(row[index]?.text ?? '')), 0));
}

/** Cuts the columns that may be cut, the widest first; where that is not enough, leaves columns out (width 0). */
function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  for (;;) {
    const over = total(widths) - width;
    if (over <= 0) return widths;
    const spare = columns.map(({ min }, i) => (min === undefined ? 0 : Math.max(0, (widths[i] ?? 0) - min)));
    if (spare.reduce((sum, columnSpare) => sum + columnSpare, 0) >= over) return cut(widths, spare, over);
    const dropped = widest(columns.map(({ drop }, i) => ((widths[i] ?? 0) > 0 ? (drop ?? 0) : 0)));
    if (dropped === undefined) return cut(widths, spare, over);
    widths[dropped] = 0;
  }
}

function total(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, shown.length - 1);
}

function cut(widths: readonly number[], spare: readonly number[], over: number): number[] {
  const result = [...widths];
  const left = [...spare];
  for (let i = 0; i < over; i += 1) {
    const index = widest(left);
    if (index === undefined) break;
    result[index] = (result[index] ?? 0) - 1;
    left[index] = (left[index] ?? 0) - 1;
  }
  return result;
}

/** Index of the highest number above 0. */
function widest(numbers: readonly number[]): number | undefined {
  const most = Math.max(0, ...numbers);
  return most > 0 ? numbers.indexOf(most) : undefined;
}
