/** A piece of a file that is given as a whole. */
export interface Passage {
  file: string;
  text: string;
  /** Line of the file's text that it begins at, from 1. */
  line: number;
  /** Of a PDF, from 1. */
  page?: number;
}

const PASSAGE_CHARS = 1_000;

/** Cuts a text into passages at blank lines; a long paragraph is cut at its lines, or in the middle of one. */
export function passagesOf(file: string, text: string, page?: number): Passage[] {
  const passages: Passage[] = [];
  let open: Passage | undefined;
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const isFull = open !== undefined && open.text.length >= PASSAGE_CHARS / 2 && whole.trim() === '';
    if (isFull) open = undefined;
    for (const part of partsOf(whole)) {
      if (open !== undefined && open.text.length + part.length > PASSAGE_CHARS) open = undefined;
      if (open === undefined && part.trim() === '') continue;
      if (open === undefined) passages.push((open = { file, text: part, line: index + 1, ...(page && { page }) }));
      else open.text += `\n${part}`;
    }
  }
  return passages.map((passage) => ({ ...passage, text: passage.text.trim() }));
}

function partsOf(line: string): string[] {
  if (line.length <= PASSAGE_CHARS) return [line];
  const parts: string[] = [];
  for (let from = 0; from < line.length; from += PASSAGE_CHARS) parts.push(line.slice(from, from + PASSAGE_CHARS));
  return parts;
}
