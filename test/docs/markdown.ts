import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '../..');

/** A page of the documents, by its path from the root. */
export interface Doc {
  path: string;
  text: string;
}

/** A fenced block. */
export interface Fence {
  doc: string;
  /** Line of its first line of content. */
  line: number;
  language: string;
  content: string;
}

const TOP = ['README.md', 'AGENTS.md'];

/** Every page that people are meant to read. */
export const docs: Doc[] = [...TOP, ...pagesIn('docs'), ...pagesIn('examples')].map((path) => ({
  path,
  text: read(path),
}));

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .toSorted();
}

/** A file by its path from the root. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** @throws Error where there is no such page. */
export function doc(path: string): Doc {
  const found = docs.find((page) => page.path === path);
  if (!found) throw new Error(`there is no ${path}`);
  return found;
}

/** Fenced blocks of a page. */
export function fences({ path, text }: Doc): Fence[] {
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(({ index, 1: language = '', 2: content = '' }) => ({
    doc: path,
    line: text.slice(0, index).split('\n').length + 1,
    language,
    content,
  }));
}

/** A page without its fenced blocks. */
export function prose({ text }: Doc): string {
  return text.replace(/^```[^]*?^```$/gm, '');
}

/** Texts of the code spans of a page, fenced blocks left out. */
export function codeSpans(page: Doc): string[] {
  return [...prose(page).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
}

/** Rows of the tables under a heading, cells without the white space around them; headings and rules left out. */
export function tableRows({ path, text }: Doc, heading: string): string[][] {
  const start = text.split('\n').findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) throw new Error(`${path} has no heading "${heading}"`);
  const rest = text.split('\n').slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line));
  const lines = rest.slice(0, end < 0 ? rest.length : end);
  return lines.flatMap((line, index) => {
    const isHead = /^\|\s*:?-/.test(lines[index + 1] ?? '');
    if (!line.startsWith('|') || /^\|\s*:?-/.test(line) || isHead) return [];
    return [
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}

/** Code spans of a cell. */
export function spansOf(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
}
