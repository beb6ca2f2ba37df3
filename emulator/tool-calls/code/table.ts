/** A table that stands in a text. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const MIN_LINES = 2;

/** The first table of a text, in Markdown or separated by commas, semicolons or tabs; null where there is none. */
export function readTable(text: string): Table | null {
  const lines = text.split('\n').map((line) => line.trim());
  for (const split of [cellsBetweenBars, cellsBy(/\s*,\s*/), cellsBy(/\s*;\s*/), cellsBy(/\t/)]) {
    const table = longestTable(lines.map(split));
    if (table !== null) return table;
  }
  return null;
}

/** The numbers of a column, or null where something else stands in it. */
export function numbersOf({ rows }: Table, column: number): number[] | null {
  const numbers = rows.map((row) => asNumber(row[column] ?? ''));
  return numbers.every((value) => value !== null) ? numbers : null;
}

/** A cell as a number, without currency and thousands separators; null where it is none. */
export function asNumber(cell: string): number | null {
  const plain = cell.replace(/^[$€£]\s*|\s*[$€£%]$/g, '').replace(/(\d),(?=\d{3}(?:\D|$))/g, '$1');
  return /^-?\d+(?:\.\d+)?$/.test(plain) ? Number(plain) : null;
}

type Cells = readonly string[] | null;

function cellsBetweenBars(line: string): Cells {
  if (!line.startsWith('|') || !line.endsWith('|') || line.length < 3) return null;
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

function cellsBy(separator: RegExp): (line: string) => Cells {
  return (line) => {
    const cells = line.split(separator);
    return cells.length > 1 ? cells : null;
  };
}

/** The first run of lines with as many cells each, the last ones of which hold a number. */
function longestTable(lines: readonly Cells[]): Table | null {
  for (let from = 0; from < lines.length; from += 1) {
    const head = lines[from];
    if (head === null || head === undefined || head.some((cell) => cell === '' || asNumber(cell) !== null)) continue;
    const rest = lines.slice(from + 1);
    const end = rest.findIndex((cells) => cells?.length !== head.length);
    const rows = rest.slice(0, end < 0 ? rest.length : end).flatMap((cells) => (isRule(cells) ? [] : [cells ?? []]));
    const hasNumbers = rows.every((row) => row.some((cell) => asNumber(cell) !== null));
    if (rows.length >= MIN_LINES && hasNumbers) return { head, rows };
  }
  return null;
}

/** The line between head and body of a Markdown table. */
function isRule(cells: Cells): boolean {
  return cells?.every((cell) => /^:?-+:?$/.test(cell)) === true;
}
