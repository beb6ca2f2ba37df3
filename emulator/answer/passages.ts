import { splitSentences } from './text';

/** Where a passage comes from, which decides how a quotation of it is cited. */
export type Source =
  | { readonly kind: 'web'; readonly id: string; readonly title: string; readonly url: string }
  | { readonly kind: 'file'; readonly id: string; readonly title: string; readonly filename: string }
  | { readonly kind: 'context'; readonly id: string; readonly title: string };

/** A few sentences that stand together under one heading of a source. */
export interface Passage {
  readonly source: Source;
  /** Its place in the source, from 0. */
  readonly position: number;
  readonly section: string | null;
  readonly sentences: readonly string[];
}

const PASSAGE_CHARS = 700;
const MARKUP = /\*\*|__|`|^>\s?/gm;
const HEADING = /^(#{1,6})\s+(.+?)\s*#*$/;
const TABLE_ROW = /^\s*\|.*\|\s*$/;
const LIST_ITEM = /^\s*(?:[-*+•]|\d+[.)])\s+/;

/** Cuts a Markdown or plain text into passages. */
export function splitPassages(source: Source, text: string): Passage[] {
  const passages: Passage[] = [];
  let section: string | null = null;
  for (const block of text.replace(/\r\n?/g, '\n').split(/\n\s*\n/)) {
    const lines = block.split('\n');
    const heading = HEADING.exec(lines[0]?.trim() ?? '');
    if (heading !== null) {
      section = heading[1] === '#' ? null : plain(heading[2] ?? '');
      lines.shift();
    }
    for (const sentences of pack(units(lines))) {
      passages.push({ source, position: passages.length, section, sentences });
    }
  }
  return passages;
}

/** The first heading of a Markdown text, else null. */
export function firstHeading(text: string): string | null {
  const line = text.split('\n', 40).find((candidate) => HEADING.test(candidate.trim()));
  return line === undefined ? null : plain(HEADING.exec(line.trim())?.[2] ?? '');
}

/** A list's items and a table's rows stand alone; other lines of a block flow into sentences. */
function units(lines: readonly string[]): string[] {
  if (lines.every((line) => line.trim() === '' || TABLE_ROW.test(line))) return tableRows(lines);
  const paragraphs: string[] = [];
  for (const line of lines) {
    const startsItem = LIST_ITEM.test(line) || paragraphs.length === 0;
    const clean = plain(line.replace(LIST_ITEM, ''));
    if (startsItem) paragraphs.push(clean);
    else paragraphs[paragraphs.length - 1] += ` ${clean}`;
  }
  return paragraphs.flatMap(splitSentences).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

/** Each row as a sentence of its own, its cells named by the table's head: `Paxos: rounds 2; leader optional.` */
function tableRows(lines: readonly string[]): string[] {
  const rows = lines
    .map((line) =>
      line
        .trim()
        .replace(/^\||\|$/g, '')
        .split('|')
        .map((cell) => plain(cell)),
    )
    .filter((cells) => cells.some((cell) => /[\p{L}\p{N}]/u.test(cell)));
  const [head = [], ...body] = rows;
  return body.map(([first = '', ...cells]) => {
    const named = cells.flatMap((cell, index) => (cell === '' ? [] : [`${head[index + 1] ?? ''} ${cell}`.trim()]));
    return named.length === 0 ? `${first}.` : `${first}: ${named.join('; ')}.`;
  });
}

function pack(sentences: readonly string[]): string[][] {
  const packs: string[][] = [];
  let size = Infinity;
  for (const sentence of sentences) {
    if (size + sentence.length > PASSAGE_CHARS) {
      packs.push([]);
      size = 0;
    }
    packs.at(-1)?.push(sentence);
    size += sentence.length;
  }
  return packs;
}

function plain(line: string): string {
  return line
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(MARKUP, '')
    .trim();
}
