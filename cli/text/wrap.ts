import { widthOf } from './width';

/** Where a wrapped line of Markdown goes on: under the text of its list item or quotation. */
const MARKER = /^(\s*(?:(?:[-*+]|\d+[.)]|\[\d+\]|>)\s+)*)/;
const FENCE = /^\s*(?:```|~~~)/;
/** Rows of tables and indented code keep their lines. */
const FIXED = /^(?:\||\t| {4})/;

/**
 * Breaks long lines between words for a terminal. Code and tables of Markdown are left as they are, a word that is too
 * long stays whole, and text without a width to fit is not changed.
 */
export function wrap(text: string, columns: number): string {
  if (!Number.isFinite(columns)) return text;
  let fenced = false;
  return text
    .split('\n')
    .map((line) => {
      const fence = FENCE.test(line);
      if (fence) fenced = !fenced;
      return fence || fenced || FIXED.test(line) ? line : wrapLine(line, columns);
    })
    .join('\n');
}

function wrapLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const marker = MARKER.exec(line)?.[1] ?? '';
  const indent = ' '.repeat(widthOf(marker));
  const lines: string[] = [];
  let current = marker;
  let empty = true;
  for (const word of line.slice(marker.length).split(' ')) {
    if (!empty && widthOf(current) + 1 + widthOf(word) > columns) {
      lines.push(current);
      current = indent;
      empty = true;
    }
    current += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, current].join('\n');
}
