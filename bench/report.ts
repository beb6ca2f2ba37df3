import { type Figure, type Summary } from './figures';

const HEADS = ['part', 'what', 'median', 'min – max', 'runs', 'against', 'median', 'ratio', 'min – max', 'aim'];

/** The figures as one table in Markdown. */
export function table(figures: readonly Figure[]): string {
  const rows = [HEADS, ...figures.map(row)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const [head = '', ...lines] = rows.map((cells) => line(cells.map((cell, i) => cell.padEnd(widths[i] ?? 0))));
  return [head, line(widths.map((width) => '-'.repeat(width))), ...lines].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function row({ part, name, unit, value, against, ratio, aim, met }: Figure): string[] {
  return [
    part,
    name,
    `${short(value.median)} ${unit}`,
    range(value),
    String(value.runs),
    against.name,
    `${short(against.value.median)} ${unit}`,
    short(ratio.median),
    range(ratio),
    aim === undefined ? '' : `≤ ${aim}: ${met ? 'yes' : 'no'}`,
  ];
}

function range({ min, max }: Summary): string {
  return `${short(min)} – ${short(max)}`;
}

/** Three significant digits. */
function short(value: number): string {
  if (Math.abs(value) >= 1_000) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}
